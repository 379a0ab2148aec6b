"""XML and signatures of every odd shape are refused with their reason; permitted ones pass."""

import pytest

from tests.hostile.saml.shapes import SHAPES
from tests.hostile.saml.trying import REPLY, assert_accepted, assert_refused, counts
from tests.sso.conftest import answer

pytestmark = [
    pytest.mark.requirement("SSO-6", "SSO-11"),
    pytest.mark.threat("S20"),
]


@pytest.mark.parametrize("case", SHAPES.parameters(accepted=False))
def test_odd_shape_is_refused_and_leaves_nothing(case, world):
    assert_refused(case, world)


@pytest.mark.parametrize("case", SHAPES.parameters(accepted=True))
def test_permitted_shape_is_accepted(case, world):
    assert_accepted(case, world)


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_a_post_is_taken_at_the_reply_url(world, client, method):
    before = counts()
    fields = {"SAMLResponse": answer().encoded()}
    options = {} if method == "get" else {"content_type": "application/x-www-form-urlencoded"}

    response = getattr(client, method)(REPLY, fields if method == "get" else "x=1", **options)

    assert response.status_code == 405
    assert counts() == before


def test_answer_by_redirect_starts_a_sign_in_instead_of_ending_one(world, client):
    response = client.get(world.postback_path, {"SAMLResponse": answer().encoded()})

    assert response.status_code in {302, 404}
    assert "hand-over" not in response.headers.get("Location", "")

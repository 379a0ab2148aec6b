"""Well signed messages that say what they may not are refused with their reason."""

import pytest

from tests.hostile.saml.contents import CONTENTS
from tests.hostile.saml.trying import assert_accepted, assert_refused

pytestmark = pytest.mark.requirement("SSO-5", "SSO-6", "SSO-11")


@pytest.mark.parametrize("case", CONTENTS.parameters(accepted=False))
def test_what_may_not_be_said_is_refused_and_leaves_nothing(case, world):
    assert_refused(case, world)


@pytest.mark.parametrize("case", CONTENTS.parameters(accepted=True))
def test_permitted_variety_is_accepted(case, world):
    assert_accepted(case, world)

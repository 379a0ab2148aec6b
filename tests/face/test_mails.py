"""Mails in a browser: both themes, three widths. All have one layout; these have its parts."""

from __future__ import annotations

import pytest
from post_office.models import Email

from tests.face import states

pytestmark = [pytest.mark.journey, pytest.mark.django_db]


@pytest.mark.parametrize(
    "happens",
    [states.link_asked, states.reset_asked, states.claim_failing],
    ids=lambda f: f.__name__,
)
def test_a_mail_is_whole_in_both_themes_and_at_three_widths(happens, world, client, walker):
    happens(world, client)

    # In the outbox no script runs, so axe would not.
    walker.page.goto("about:blank")
    walker.page.set_content(Email.objects.latest("pk").html_message)
    walker.judge(f"mail-{happens.__name__}")

    assert not walker.problems, "\n".join(["", *walker.problems])

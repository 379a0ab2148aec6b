"""The same message, request or hand-over in many threads at the same moment: one wins."""

import pytest
from django.test import Client

from accounts.models import Membership
from sso.models import HandOver, LogEntry, UsedAssertion
from tests.hostile.saml import crafting as c
from tests.hostile.saml.contents import answering
from tests.hostile.saml.trying import Form, World, send
from tests.sso.conftest import follow, me

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("SSO-6"),
    pytest.mark.threat("S19"),
]


@pytest.fixture(autouse=True)
def _unlimited(settings):
    settings.RATE_LIMITS = False


def codes():
    return sorted(LogEntry.objects.values_list("code", flat=True))


def test_one_of_six_replays_wins_across_both_urls(corp, run_threads):
    world = World(corp)
    both = c.subject(None, c.confirmation(), c.confirmation(recipient=world.postback))
    inner = c.signed(c.assertion(subject_xml=both))
    forms = [
        c.response(inner),
        Form(
            {"SAMLResponse": c.encode(c.response(inner, destination=world.postback))},
            url=world.postback_path,
        ),
    ]

    statuses = run_threads(6, lambda n: send(forms[n % 2]).status_code)

    assert sorted(statuses) == [303, 403, 403, 403, 403, 403]
    assert codes() == [""] + ["replayed"] * 5
    assert (UsedAssertion.objects.count(), HandOver.objects.count()) == (1, 1)
    assert Membership.objects.filter(user__email=c.ADDRESS).count() == 1


def test_one_of_four_answers_to_a_request_wins(corp, run_threads):
    world = World(corp)
    request = world.asked()
    answers = [answering(request) for _ in range(4)]

    statuses = run_threads(4, lambda n: send(answers[n]).status_code)

    assert sorted(statuses) == [303, 403, 403, 403]
    assert codes() == [""] + ["request_used"] * 3
    assert (UsedAssertion.objects.count(), HandOver.objects.count()) == (1, 1)


def test_one_of_four_browsers_takes_the_hand_over(corp, run_threads):
    response = send(c.good())
    browsers = [Client() for _ in range(4)]

    statuses = run_threads(4, lambda n: follow(browsers[n], response).status_code)

    assert sorted(statuses) == [302, 403, 403, 403]
    assert sum(me(browser) is not None for browser in browsers) == 1

"""Each guard, taken away, makes a case fire: none of them is there in vain, none untried."""

import dataclasses

import pytest

from sso.models import LogEntry
from sso.saml import checks, preflight
from sso.services import people, signing_in
from tests.hostile.saml import crafting as c
from tests.hostile.saml.contents import CONTENTS
from tests.hostile.saml.shapes import SHAPES
from tests.hostile.saml.trying import Case, outcome, send

pytestmark = pytest.mark.requirement("SSO-6", "SSO-11")

CASES = SHAPES.cases | CONTENTS.cases


# Of each check of the list, a case that it alone refuses so: the library would, by another name.
BY_CHECK = {
    "issuer": "the response's issuer empty",
    "signature": "a stranger's key, its certificate in KeyInfo",
    "audience": "a second restriction without us",
    "recipient": "recipient with a prefix",
    "destination": "destination longer, assertion signed",
    "times": "issued 61 minutes ago",
    "library": "an attribute the schema does not know",
    "address": "no address, no NameID",
}


def nothing(*_args, **_kwargs):
    return None


def only_signatures(root):
    return list(root.iter(f"{{{c.DS}}}Signature"))


# Of each guard of the pre-flight: what stands in its place, and the cases of which one fires.
BY_PREFLIGHT = {
    "_check_cost": (nothing, ("costly: many elements", "costly: many attributes")),
    "_check_status": (nothing, ("status Responder, with an assertion",)),
    "_check_elements": (
        only_signatures,
        ("wrapping 7", "assertion hidden in Advice", "the assertion's ID again as Id"),
    ),
    "_check_special": (nothing, ("EncryptedID", "assertion hidden in an empty Object")),
    "_check_signatures": (nothing, ("signed by rsa-sha1", "transforms: XPath", "unsigned")),
    "_check_signature": (nothing, ("signed by rsa-sha1", "digested by sha1")),
    "_check_transforms": (nothing, ("transforms: exclusive c14n alone", "transforms: XSLT")),
    "_check_prefixes": (nothing, ("transforms: forty prefixes",)),
}


def fires(case: Case, world) -> bool:
    """Whether the case is accepted now, or refused for another reason."""
    assert case.code
    return outcome(send(case.craft(world))) != case.code


def test_every_check_of_the_list_is_tried():
    assert set(BY_CHECK) == {check.name for check in checks.CHECKS}


@pytest.mark.parametrize("name", BY_CHECK)
def test_check_taken_away_makes_a_case_fire(world, monkeypatch, name):
    found = BY_CHECK[name]
    case = CASES.get(found) or CASES[f"times: {found}"]
    assert not fires(case, world)

    for kept in ("_SIGNED", "_CONTENT"):
        without = tuple(
            dataclasses.replace(check, run=lambda _: "") if check.name == name else check
            for check in getattr(signing_in, kept)
        )
        monkeypatch.setattr(signing_in, kept, without)
    if name == "signature":
        # The library would find it out by itself, and says so by the same word.
        _without(monkeypatch, "library")

    assert fires(case, world)


def _without(monkeypatch, name):
    without = tuple(check for check in signing_in._CONTENT if check.name != name)
    monkeypatch.setattr(signing_in, "_CONTENT", without)


@pytest.mark.parametrize("name", BY_PREFLIGHT)
def test_guard_of_the_preflight_taken_away_makes_a_case_fire(world, monkeypatch, name):
    instead, names = BY_PREFLIGHT[name]
    assert not any(fires(CASES[case], world) for case in names)

    monkeypatch.setattr(preflight, name, instead)

    assert any(fires(CASES[case], world) for case in names)


def test_domain_taken_away_lets_a_stranger_in(world, monkeypatch):
    case = CASES["address of another domain"]
    assert not fires(case, world)

    monkeypatch.setattr(signing_in, "is_verified_for", lambda *_: True)

    assert outcome(send(case.craft(world))) == ""


def test_request_check_taken_away_lets_an_invented_request_pass(world, monkeypatch):
    case = CASES["answers a request: unknown, in the confirmation"]
    assert not fires(case, world)

    monkeypatch.setattr(signing_in, "_check_request", nothing)

    assert outcome(send(case.craft(world))) == ""


def test_unexpected_elements_would_reach_the_library(world, monkeypatch):
    case = CASES["a condition nobody knows"]
    assert not fires(case, world)
    assert "unexpected" in LogEntry.objects.latest("pk").values["detail"]

    monkeypatch.setattr(preflight, "_only", nothing)

    send(case.craft(world))
    assert "python3-saml" in LogEntry.objects.latest("pk").values["detail"]


@pytest.mark.parametrize("name", ["_use_up", "_answer"])
def test_use_taken_away_lets_a_replay_pass(world, monkeypatch, name):
    subject = c.subject(None, c.confirmation(answers=world.asked() if name == "_answer" else None))
    first, second = (c.good(subject_xml=subject) for _ in range(2))
    messages = (first, second) if name == "_answer" else (first, first)
    monkeypatch.setattr(signing_in, name, nothing)

    assert [outcome(send(message)) for message in messages] == ["", ""]

    monkeypatch.undo()
    outcome(send(messages[1]))
    assert outcome(send(messages[1])) == "replayed"


def test_pin_taken_away_lets_a_recycled_mailbox_in(world, monkeypatch):
    def named(name):
        return c.of(c.about(c.ADDRESS, c.name_id(name, c.FORMAT_PERSISTENT)))

    assert outcome(send(named("17"))) == ""
    assert outcome(send(named("18"))) == "subject_changed"

    monkeypatch.setattr(people, "_check_pin", nothing)
    monkeypatch.setattr(people, "_pin", nothing)

    assert outcome(send(named("18"))) == ""

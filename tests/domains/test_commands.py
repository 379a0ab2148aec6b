"""The operator's command, exactly as the design names it."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import AuditEvent
from domains.models import DomainClaim
from domains.states import State
from tests.domains.factories import ClaimFactory

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("DOM-1")]


def run(*arguments):
    out = StringIO()
    call_command("claim_domain", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def failure(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        call_command("claim_domain", *arguments, "--json")
    assert ended.value.code == 1
    return json.loads(capsys.readouterr().err)["error"]


def test_a_domain_is_claimed_with_its_record(acme):
    answer = run(acme.public_id, "Corp.Example")

    claim = DomainClaim.objects.get()
    assert answer == {
        "domain": "corp.example",
        "state": "pending",
        "txt_name": "corp.example",
        "txt_value": claim.txt_value,
    }
    assert AuditEvent.objects.get().actor_kind == "operator"


def test_verified_vouches_for_it_once(acme):
    answers = [run(acme.public_id, "corp.example", "--verified") for _ in range(2)]

    assert [answer["state"] for answer in answers] == ["verified"] * 2
    assert AuditEvent.objects.count() == 2


@pytest.mark.requirement("DOM-5")
def test_a_domain_that_another_holds_is_refused(acme, capsys):
    ClaimFactory(domain="corp.example", state=State.VERIFIED)

    error = failure(capsys, acme.public_id, "corp.example", "--verified")

    assert error == "The domain is verified for another organization."
    assert not acme.domain_claims.exists()


@pytest.mark.requirement("DOM-7")
def test_what_is_no_domain_is_refused_with_its_sentence(acme, capsys):
    assert "Anybody can have an address" in failure(capsys, acme.public_id, "gmail.com")
    assert "no organization" in failure(capsys, "org_unknown", "corp.example")

"""The identity provider's certificate ends on a Sunday: who gets in, and who repairs it."""

import datetime

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from sso.models import LogEntry
from sso.services import requirement
from tests.sso import signer
from tests.sso.conftest import ACTOR, answer, follow, me, post

pytestmark = pytest.mark.django_db


@pytest.mark.threat("O10")
@pytest.mark.requirement("SSO-4", "SSO-8")
def test_an_owner_breaks_the_glass_and_brings_the_new_certificate(corp, sign_in):
    page = f"/settings/organization/{corp.public_id}/security/sso/"
    requirement.set_required(corp, True, actor=ACTOR)
    works_today = post(answer(email="bob@corp.example")).status_code
    sunday = timezone.now() + datetime.timedelta(days=366)
    with time_machine.travel(sunday, tick=False):
        old = post(answer(email="bob@corp.example", now=sunday))
        refused_for = LogEntry.objects.order_by("-pk")[0].code
        owner = sign_in(Client(), corp.owner, "password")
        opened = owner.get(page)
        new = signer.make_key(start=-1, end=365)
        added = owner.post(
            f"{page}certificates/add/",
            {
                "certificate": SimpleUploadedFile("new.pem", new.certificate_pem),
                "password": "correct horse battery",
            },
        )
        bob = Client()
        follow(bob, post(answer(email="bob@corp.example", key=new, now=sunday)))

        assert (works_today, old.status_code, refused_for) == (303, 403, "certificate_expired")
        assert (opened.status_code, added.status_code) == (200, 302)
        assert me(bob)["email"] == "bob@corp.example"
        assert AuditEvent.objects.filter(event="admin:sso:certificate_added").exists()

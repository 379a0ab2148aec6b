"""Rows of an organization's discoverability, for the access table."""

from django.utils import timezone

from accounts.models import Organization
from accounts.models.fields import new_public_id
from discoverability.models import JoinRequest, WorkDomain
from discoverability.services import OPEN_FOR
from tests.factories import UserFactory


def work_domain(organization: Organization) -> str:
    name = new_public_id("d").replace("_", "")
    return WorkDomain.objects.create(organization=organization, domain=f"{name}.example").domain


def join_request(organization: Organization) -> str:
    asker = UserFactory()
    return JoinRequest.objects.create(
        organization=organization,
        user=asker,
        email=asker.email,
        expires_at=timezone.now() + OPEN_FOR,
    ).public_id

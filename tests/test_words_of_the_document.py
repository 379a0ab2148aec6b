"""The words that the source document tells people to look for, on the pages where it says so.

Somebody who follows manage-organization.md step by step finds each of them.
"""

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.twofactor.support import first_factor

pytestmark = pytest.mark.django_db

SECURITY = "/settings/organization/{id}/security"
PAGES = {
    f"{SECURITY}/two-factor/": [
        "Organization Settings",
        "Access Security",
        "Two Factor Authentication",
        "Single Sign-On",
        "Domain Claiming",
        "SCIM",
        "IDP Managed Access",
    ],
    f"{SECURITY}/two-factor/require/": ["Verify your password", "Confirm"],
    f"{SECURITY}/sso/": ["Postback URL", "Require Users to Log In using SSO"],
    f"{SECURITY}/sso/connection/": [
        "Issuer URL",
        "Identity Provider Sign-in URL",
        "Authentication URL",
        "SAML Certificate",
    ],
    f"{SECURITY}/sso/guides/okta/": [
        "Requestable SSO URLs",
        "Recipient URL",
        "Destination URL",
        "Audience URI",
    ],
    f"{SECURITY}/domains/": ["Add Domain"],
    f"{SECURITY}/idp-managed/": ["IDP Managed Access"],
    "/settings/organization/{id}/users/": ["Users & Teams", "Organization Discoverability"],
    "/settings/profile/": ["Set Up Method"],
}


def words_of(response) -> str:
    """What stands on the page, tags left out."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


@pytest.mark.requirement("SET-1", "SET-2", "TFA-1", "SSO-2", "SSO-3", "SSO-9", "DOM-1", "TFA-8")
@pytest.mark.parametrize(("path", "words"), PAGES.items(), ids=list(PAGES))
def test_an_owner_finds_the_words_of_the_document(client, acme, sign_in, path, words):
    page = sign_in(client, acme.owner).get(path.format(id=acme.public_id))

    shown = words_of(page)
    assert [word for word in words if word not in shown] == []


@pytest.mark.requirement("TFA-5", "TFA-7")
def test_somebody_chooses_sms_and_enters_a_mobile_phone_number(client, acme):
    acme.policy.__class__.objects.filter(pk=acme.pk).update(two_factor_required=True)
    pat = UserFactory(first_session_used_at=timezone.now())
    MembershipFactory(organization=acme, user=pat)
    step = first_factor(client, pat).url

    choice = words_of(client.get(step))
    phone = words_of(client.post(step, {"method": "sms"}, follow=True))

    assert "Authentication app" in choice
    assert re.search(r"\bSMS\b", choice)
    assert "Mobile phone number" in phone
    assert "Continue" in phone


@pytest.mark.requirement("SET-2", "SET-3")
def test_whoever_may_not_open_a_page_reads_in_one_sentence_who_may(sign_in):
    bright = OrganizationFactory(name="Bright")
    admin = MembershipFactory(organization=bright, role=Role.ADMIN).user
    settings = f"/settings/organization/{bright.public_id}"

    refused = sign_in(Client(), admin).get(f"{settings}/users/discoverability/")

    assert refused.status_code == 403
    assert "Only owners and billing admins open this page. In Bright" in words_of(refused)


@pytest.mark.requirement("TFA-2", "SET-2")
def test_nobody_without_a_password_reads_that_it_is_optional(client, acme, sign_in):
    acme.owner.set_unusable_password()
    acme.owner.save()

    box = sign_in(client, acme.owner, "magic_link").get(
        f"/settings/organization/{acme.public_id}/security/two-factor/require/"
    )

    after_label = words_of(box).partition("Your password")[2]
    assert "Set a password" in after_label
    assert "(optional)" not in after_label

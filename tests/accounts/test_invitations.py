"""Invitations: sending many, and what becomes of one."""

import datetime
import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.actor import Actor
from accounts.models import Invitation, Membership, User
from accounts.organizations import invitations as service
from accounts.organizations.members import AlreadyMember, NotAllowed
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db
GUEST = "guest@corp.example"


def page(name, organization, *rest):
    return reverse(f"organizations:{name}", args=[organization.public_id, *rest])


def link_of(address):
    mail = Email.objects.filter(to__icontains=address).order_by("-id")[0]
    return re.search(r"/invitation/\S+/", mail.message).group()


def code_of_the_newest_mail():
    mail = Email.objects.order_by("-id")[0]
    return re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", mail.message).group()


@pytest.fixture
def link(acme):
    service.invite(acme, GUEST, role="admin", actor=Actor.person(acme.owner))
    return link_of(GUEST)


@pytest.mark.requirement("ACC-1")
def test_many_are_invited_at_once_and_what_is_refused_stays_with_its_reason(client, acme, sign_in):
    sign_in(client, acme.owner)
    typed = "Bo Burns <bo@corp.example>, CY@corp.example\nnot an address; ann@corp.example"

    response = client.post(page("invite", acme), {"addresses": typed, "role": "member"})

    text = response.content.decode()
    assert set(acme.invitations.values_list("email", flat=True)) == {
        "bo@corp.example",
        "cy@corp.example",
    }
    assert "2 invitations are on their way." in text
    assert "ann@corp.example: is a member already." in text
    left = re.search(r"<textarea[^>]*>\s*([^<]*)</textarea>", text).group(1).split()
    assert left == ["not", "an", "address", "ann@corp.example"]


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "required"),
        ("\x00@corp.example", "Null characters"),
        ("\u0430nn@corp.example", "plain letters"),
        ("a" * 65 + "@corp.example", "like name@company.com"),
        ('"x@corp.example"@evil.com', "like name@company.com"),
        ("\n".join(f"p{n}@corp.example" for n in range(201)), "at most 200"),
    ],
)
def test_addresses_that_are_none_are_refused_with_their_reason(
    client, acme, sign_in, typed, reason
):
    sign_in(client, acme.owner)

    response = client.post(page("invite", acme), {"addresses": typed, "role": "member"})

    assert reason in response.content.decode()
    assert not acme.invitations.exists()


@pytest.mark.threat("V6")
def test_nobody_invites_to_a_role_above_their_own(client, acme, sign_in):
    billing = MembershipFactory(organization=acme, role="billing_admin")
    sign_in(client, billing.user)

    for role in ("owner", "admin"):
        client.post(page("invite", acme), {"addresses": GUEST, "role": role})
    refused = acme.invitations.count()
    client.post(page("invite", acme), {"addresses": GUEST, "role": "member"})

    assert refused == 0
    assert acme.invitations.get().role == "member"


@pytest.mark.threat("V6")
def test_nobody_renews_an_invitation_to_a_role_above_their_own(client, acme, sign_in):
    row = service.invite(acme, GUEST, role="admin", actor=Actor.person(acme.owner))
    billing = MembershipFactory(organization=acme, role="billing_admin").user
    sign_in(client, billing)

    response = client.post(page("invite", acme), {"addresses": GUEST, "role": "member"})

    row.refresh_from_db()
    assert "Your role doesn" in response.content.decode()
    assert row.role == "admin"
    assert Email.objects.filter(to__icontains=GUEST).count() == 1


@pytest.mark.threat("T2", "V6")
def test_an_invitation_is_withdrawn_by_the_role_that_it_gives_now(acme):
    seen = service.invite(acme, GUEST, role="member", actor=Actor.person(acme.owner))
    billing = MembershipFactory(organization=acme, role="billing_admin").user
    service.invite(acme, GUEST, role="owner", actor=Actor.person(acme.owner))

    with pytest.raises(NotAllowed):
        service.withdraw(seen, actor=Actor.person(billing))

    assert acme.invitations.live().count() == 1


@pytest.mark.requirement("ACC-1")
def test_an_existing_person_accepts_with_one_button(client, acme, link, sign_in):
    guest = UserFactory(email=GUEST)
    sign_in(client, guest)

    shown = client.get(link)
    before = acme.memberships.filter(user=guest).exists()
    response = client.post(link)

    assert b"Accept invitation" in shown.content
    assert not before
    assert response.headers["Location"] == page("overview", acme)
    assert acme.memberships.get(user=guest).role == "admin"


@pytest.mark.requirement("ACC-1")
def test_a_new_person_signs_up_by_password_and_comes_back_to_the_invitation(client, acme, link):
    shown = client.get(link).content.decode()
    sign_up = re.search(r'href="(/sign-up/\?[^"]+)"', shown).group(1).replace("&amp;", "&")
    assert GUEST in client.get(sign_up).content.decode()
    client.post("/sign-up/", {"email": GUEST, "password1": PASSWORD})

    verified = client.post("/sign-up/verify/", {"code": code_of_the_newest_mail()})
    client.post(verified.headers["Location"])

    assert verified.headers["Location"] == link
    assert acme.memberships.get(user__email=GUEST).role == "admin"


@pytest.mark.requirement("ACC-1")
def test_a_person_signed_out_comes_back_by_a_magic_link(client, acme, link):
    UserFactory(email=GUEST, password=None)
    shown = client.get(link).content.decode()
    sign_in = re.search(r'href="(/sign-in/\?[^"]+)"', shown).group(1).replace("&amp;", "&")
    client.get(sign_in)
    client.post("/sign-in/", {"email": GUEST})
    client.post("/sign-in/link/")

    signed_in = client.post("/sign-in/link/sent/", {"code": code_of_the_newest_mail()})

    assert signed_in.headers["Location"] == link


@pytest.mark.requirement("ACC-1")
def test_the_invitation_waits_at_home_where_its_link_was_lost(client, acme, link, sign_in):
    guest = sign_in(client, UserFactory(email=GUEST))
    text = guest.get("/home/").content.decode()
    button = re.search(r'action="(/home/invitations/[^"]+)"', text).group(1)

    guest.post(button)

    assert acme.memberships.filter(user__email=GUEST).exists()


@pytest.mark.threat("V5")
@pytest.mark.requirement("ACC-1")
def test_the_invitation_of_another_address_is_not_accepted(client, acme, link, sign_in):
    other = UserFactory()
    sign_in(client, other)

    response = client.post(link)

    assert "is for <strong>guest@corp.example</strong>" in response.content.decode()
    assert not acme.memberships.filter(user=other).exists()


@pytest.mark.threat("V5", "V1")
def test_an_address_never_verified_accepts_nothing(client, acme, link, sign_in):
    guest = UserFactory(email=GUEST, verified=False)
    sign_in(client, guest)

    client.post(link)

    assert not acme.memberships.filter(user=guest).exists()


@pytest.mark.threat("V5")
def test_an_invitation_works_once(client, acme, link, sign_in):
    guest = UserFactory(email=GUEST)
    sign_in(client, guest)
    client.post(link)
    Membership.objects.filter(user=guest).delete()

    response = Client().get(link)

    assert response.status_code == 410
    assert "works once" in response.content.decode()


@pytest.mark.threat("V5")
@pytest.mark.parametrize("end", ["expired", "withdrawn", "sent again"])
def test_an_invitation_that_is_over_says_so_and_gives_nothing(client, acme, link, sign_in, end):
    sign_in(client, UserFactory(email=GUEST))
    later = timezone.now() + datetime.timedelta(days=7, seconds=1)
    row = Invitation.objects.get()
    if end == "withdrawn":
        service.withdraw(row, actor=Actor.person(acme.owner))
    elif end == "sent again":
        service.invite(acme, GUEST, role="member", actor=Actor.person(acme.owner))
    else:
        row.expires_at = timezone.now() - datetime.timedelta(seconds=1)
        row.save()

    response = client.post(link)

    assert later > timezone.now()
    assert response.status_code in {404, 410}
    assert not acme.memberships.filter(user__email=GUEST).exists()


@pytest.mark.threat("V5")
def test_an_invitation_lasts_seven_days(acme, link):
    row = Invitation.objects.get()

    with time_machine.travel(row.created_at + datetime.timedelta(days=7, seconds=1), tick=False):
        expired = service.live_invitation(acme, GUEST)

    assert expired is None
    assert service.live_invitation(acme, "GUEST@corp.example") == row


@pytest.mark.requirement("ACC-7")
def test_what_another_identity_provider_says_accepts_no_invitation(client, acme, link, sign_in):
    guest = UserFactory(email=GUEST)
    sign_in(client, guest, "saml", connection="conn_x", organization="org_x")

    response = client.post(link)

    assert response.headers["Location"].startswith("/sign-in/?next=%2Finvitation%2F")
    assert not acme.memberships.filter(user=guest).exists()


@pytest.mark.threat("C9")
def test_a_deactivated_person_does_not_come_back_by_invitation(acme, client, sign_in):
    guest = MembershipFactory(organization=acme, user__email=GUEST)
    sign_in(client, acme.owner)
    client.post(page("deactivate", acme, guest.public_id))

    response = client.post(page("invite", acme), {"addresses": GUEST, "role": "member"})

    assert "is deactivated here" in response.content.decode()
    assert not acme.invitations.exists()


@pytest.mark.requirement("ACC-1")
def test_an_invitation_is_sent_again_with_a_new_link_and_withdrawn(client, acme, link, sign_in):
    sign_in(client, acme.owner)
    row = Invitation.objects.get()

    client.post(page("invitation_resend", acme, row.public_id))
    newer = link_of(GUEST)
    listed = client.get(page("invitations", acme)).content.decode()
    client.post(page("invitation_withdraw", acme, row.public_id))

    assert newer != link
    assert GUEST in listed
    assert not acme.invitations.live().exists()


@pytest.mark.threat("A6")
def test_mails_to_one_address_are_bounded(client, acme, link, sign_in):
    sign_in(client, acme.owner)
    row = Invitation.objects.get()

    for _ in range(8):
        client.post(page("invitation_resend", acme, row.public_id))

    assert Email.objects.filter(to__icontains=GUEST).count() == 1 + 5


@pytest.mark.threat("A6")
def test_mails_to_one_address_are_bounded_over_all_organizations(client, acme, sign_in):
    sign_in(client, acme.owner)
    others = [OrganizationFactory() for _number in range(24)]
    for other in others:
        MembershipFactory(organization=other, user=acme.owner, role="owner")

    for other in others:
        client.post(page("invite", other), {"addresses": GUEST, "role": "member"})

    assert Email.objects.filter(to__icontains=GUEST).count() == 20


@pytest.mark.threat("A6")
def test_organizations_made_in_a_day_are_bounded(client, sign_in):
    sign_in(client, UserFactory())

    answers = [client.post("/organizations/new/", {"name": f"No {n}"}) for n in range(21)]

    assert [answer.status_code for answer in answers] == [302] * 20 + [429]


@pytest.mark.django_db(transaction=True)
@pytest.mark.threat("V5")
def test_the_same_invitation_accepted_twice_at_once_makes_one_member(acme, run_threads):
    row = service.invite(acme, GUEST, role="member", actor=Actor.person(acme.owner))
    guest = UserFactory(email=GUEST)

    results = run_threads(2, lambda _n: service.accept(row, guest, actor=Actor.person(guest)))

    assert sorted(type(r).__name__ for r in results) == ["InvitationOver", "Membership"]
    assert acme.memberships.filter(user=guest).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("ACC-1")
@pytest.mark.threat("S21")
def test_the_same_address_signed_up_twice_at_once_makes_one_account(run_threads):
    def sign_up(number):
        spelling = ("new@corp.example", "NEW@Corp.Example")[number]
        return Client(raise_request_exception=False).post(
            "/sign-up/", {"email": spelling, "password1": PASSWORD}
        )

    answers = run_threads(2, sign_up)

    assert User.objects.filter(email="new@corp.example").count() == 1
    # The second may be told to wait: one mail to an address in ten seconds.
    assert {answer.status_code for answer in answers} <= {302, 429}


def test_inviting_a_member_is_refused_whatever_the_case(acme):
    with pytest.raises(AlreadyMember):
        service.invite(acme, "ANN@corp.example", role="member", actor=Actor.person(acme.owner))

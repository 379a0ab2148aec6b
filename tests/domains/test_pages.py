"""The pages as an admin meets them, without script."""

import pytest
from django.urls import reverse

from domains.models import DomainClaim
from domains.states import State
from tests.domains.factories import ClaimFactory
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, acme, sign_in):
    """Ann's browser."""
    return sign_in(client, acme.owner)


def url(name, organization, *claims):
    ids = [organization.public_id, *(claim.public_id for claim in claims)]
    return reverse(f"domains:{name}", args=ids)


def text(response):
    return response.content.decode()


@pytest.mark.requirement("DOM-1")
def test_a_domain_is_added_by_password_then_name_and_its_record_is_shown(admin, acme):
    page = admin.get(url("settings", acme))
    assert url("add", acme) in text(page)

    step = admin.post(url("add", acme), {"password": PASSWORD})
    assert step.url == url("submit", acme)
    done = admin.post(step.url, {"domain": "Corp.Example"}, follow=True)

    claim = DomainClaim.objects.get()
    assert done.redirect_chain[-1][0] == url("claim", acme, claim)
    assert claim.txt_value in text(done)
    assert "Pending" in text(done)
    assert "data-copy-button" in text(done)


@pytest.mark.requirement("DOM-1")
def test_a_wrong_password_opens_nothing(admin, acme):
    refused = admin.post(url("add", acme), {"password": "wrong"})

    assert "That isn" in text(refused)
    assert admin.get(url("submit", acme)).url == url("add", acme)
    assert admin.post(url("submit", acme), {"domain": "corp.example"}).url == url("add", acme)
    assert not DomainClaim.objects.exists()


@pytest.mark.requirement("DOM-1")
def test_the_password_given_for_one_organization_opens_no_other(admin, acme):
    other = OrganizationFactory()
    MembershipFactory(organization=other, user=acme.owner, role="owner")
    admin.post(url("add", acme), {"password": PASSWORD})

    assert admin.get(url("submit", other)).url == url("add", other)


@pytest.mark.requirement("SET-2")
def test_somebody_without_a_password_is_told_to_set_one(client, acme, sign_in):
    user = UserFactory(password=None)
    MembershipFactory(organization=acme, user=user, role="admin")

    page = sign_in(client, user, "magic_link").get(url("add", acme))

    assert "Set a password" in text(page)


@pytest.mark.requirement("DOM-7")
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("http://corp.example/", "That is a web address."),
        ("user@corp.example", "That is an email address."),
        ("192.0.2.1", "That is an IP address."),
        ("localhost", "Names under .localhost"),
        ("co.uk", "co.uk is shared"),
        ("a" * 300, "longer than a domain can be"),
        ("💩.example", "a character in it that no domain has"),
        ("corp\0.example", "Null characters are not allowed"),
        ("gmail.com", "Anybody can have an address at gmail.com"),
        ("<script>alert(1)</script>.example", "That is a web address."),
        ("", "Enter a domain, like acme.com."),
    ],
)
def test_what_is_no_domain_is_refused_with_its_sentence_and_the_input_is_kept(
    admin, acme, typed, sentence
):
    admin.post(url("add", acme), {"password": PASSWORD})

    page = admin.post(url("submit", acme), {"domain": typed})

    assert page.status_code == 200
    assert sentence in text(page)
    assert "There is a problem" in text(page)
    assert "<script>alert" not in text(page)
    assert not DomainClaim.objects.exists()


@pytest.mark.threat("T6")
def test_a_double_click_makes_one_claim(admin, acme):
    admin.post(url("add", acme), {"password": PASSWORD})

    first, second = (admin.post(url("submit", acme), {"domain": "corp.example"}) for _ in range(2))

    assert first.url == second.url
    assert DomainClaim.objects.count() == 1


@pytest.mark.requirement("DOM-3", "DOM-9")
def test_check_now_says_what_is_wrong_and_then_that_it_is_right(admin, acme, dns):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", claim.token)

    wrong = admin.post(url("check", acme, claim), follow=True)
    assert "holds only the token" in text(wrong)

    dns.publish("corp.example", claim.txt_value)
    right = admin.post(url("check", acme, claim), follow=True)
    assert "The record is there." in text(right)
    assert "Verified" in text(right)


@pytest.mark.requirement("DOM-3")
def test_check_now_pressed_too_often_says_how_long_to_wait(admin, acme, dns):
    claim = ClaimFactory(organization=acme, domain="corp.example")

    pages = [admin.post(url("check", acme, claim), follow=True) for _ in range(7)]

    assert "Wait 1 minute" in text(pages[-1])
    assert claim.checks.count() == 6


def test_check_now_is_a_post(admin, acme):
    claim = ClaimFactory(organization=acme)

    assert admin.get(url("check", acme, claim)).status_code == 405


@pytest.mark.requirement("DOM-3")
@pytest.mark.parametrize(
    ("state", "polls"), [("pending", True), ("verified", False), ("grace", False)]
)
def test_the_page_renews_itself_only_while_the_record_is_awaited(admin, acme, state, polls):
    claim = ClaimFactory(organization=acme, state=state)

    page = text(admin.get(url("claim", acme, claim)))

    assert ("hx-trigger" in page) == polls


@pytest.mark.requirement("DOM-4", "DOM-6")
def test_a_grace_is_shown_with_its_end_and_what_stops_then(admin, acme):
    acme.policy.sso_enabled = True
    acme.policy.save()
    claim = ClaimFactory(organization=acme, domain="corp.example", state="grace")

    page = text(admin.get(url("claim", acme, claim)))

    assert "Record missing" in page
    assert "Verified until" in page
    assert "Single sign-on stops for 1 person at corp.example" in page


@pytest.mark.requirement("DOM-2")
@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("cloudflare", ["Content", "@"]),
        ("route53", ["Record name", "Leave this field empty", "&quot;orgsecurity-domain-verify="]),
        ("namecheap", ["TXT Record", "Host"]),
        ("azure", ["Azure DNS", "Value"]),
        ("nonsense", ["Other DNS host"]),
    ],
)
def test_instructions_speak_the_words_of_the_dns_host(admin, acme, host, words):
    claim = ClaimFactory(organization=acme, domain="corp.example")

    page = text(admin.get(f"{url('claim', acme, claim)}?host={host}"))

    assert all(word in page for word in words)


@pytest.mark.requirement("DOM-8")
def test_history_shows_resolver_records_and_verdict_escaped(admin, acme, dns):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", "<script>alert(1)</script>", "\x1b[31mred\u202e")
    admin.post(url("check", acme, claim))

    page = text(admin.get(url("claim", acme, claim)))

    assert dns.address in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\\u001b[31mred\\u202e" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


@pytest.mark.requirement("DOM-6")
def test_removal_says_what_stops_and_asks_for_name_and_password(admin, acme):
    acme.policy.sso_enabled = True
    acme.policy.save()
    claim = ClaimFactory(organization=acme, domain="corp.example", state="verified")
    page = url("remove", acme, claim)
    assert "Single sign-on stops for 1 person" in text(admin.get(page))

    admin.post(page, {"password": "wrong", "domain": "corp.example"})
    admin.post(page, {"password": PASSWORD, "domain": "crop.example"})
    assert DomainClaim.objects.filter(state=State.VERIFIED).exists()

    done = admin.post(page, {"password": PASSWORD, "domain": "Corp.Example"}, follow=True)
    assert not DomainClaim.objects.live().exists()
    assert "corp.example is removed" in text(done)


@pytest.mark.threat("T1")
@pytest.mark.parametrize("name", ["claim", "check", "remove"])
def test_another_tenants_claim_is_not_found(admin, acme, name):
    foreign = ClaimFactory(domain="foreign.example", state="verified")

    method = admin.post if name == "check" else admin.get
    assert method(url(name, acme, foreign)).status_code == 404
    assert method(url(name, foreign.organization, foreign)).status_code == 404


@pytest.mark.requirement("SET-2")
def test_a_member_gets_a_page_that_says_who_can_help(client, acme, sign_in):
    member = MembershipFactory(organization=acme)

    page = sign_in(client, member.user).get(url("settings", acme))

    assert page.status_code == 403
    assert "Ann Archer" in text(page)


@pytest.mark.requirement("SET-2")
@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([], "None"),
        (["pending"], "1 pending"),
        (["verified", "pending"], "1 verified"),
        (["verified", "grace"], "1 failing"),
        (["unverified"], "1 failing"),
    ],
)
def test_the_menu_says_how_the_domains_stand(admin, acme, states, words):
    for state in states:
        ClaimFactory(organization=acme, state=state)

    assert words in text(admin.get(url("settings", acme)))


def test_the_list_puts_first_what_needs_somebody(admin, acme):
    for domain, state in (("a.example", "verified"), ("b.example", "grace")):
        ClaimFactory(organization=acme, domain=domain, state=state)

    page = text(admin.get(url("settings", acme)))

    assert page.index(">b.example<") < page.index(">a.example<")


def test_two_hundred_claims_take_as_many_queries_as_two(admin, acme, django_assert_max_num_queries):
    for _ in range(200):
        ClaimFactory(organization=acme)

    with django_assert_max_num_queries(14):
        admin.get(url("settings", acme))

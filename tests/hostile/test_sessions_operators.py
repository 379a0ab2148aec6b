"""The operators' pages: no side door beside the product's own sign-in (S1)."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return UserFactory(is_staff=True, is_superuser=True, two_factor_set_at=timezone.now())


@pytest.mark.threat("S1")
def test_an_operator_with_a_second_factor_is_let_in(client, operator, sign_in):
    sign_in(client, operator, "password", "otp")

    assert client.get("/operators/").status_code == 200
    assert client.get("/operators/accounts/user/").status_code == 200


@pytest.mark.threat("S1")
@pytest.mark.parametrize("methods", [["password"], ["saml"], ["saml", "otp"]])
def test_an_operator_who_showed_less_is_sent_to_show_more(client, operator, sign_in, methods):
    sign_in(client, operator, *methods, connection="conn_x", organization="org_x")

    response = client.get("/operators/", follow=True)

    assert response.redirect_chain[-1][0].startswith("/sign-in/")


@pytest.mark.threat("S1")
def test_an_operator_without_a_method_sets_one_up_first(client, sign_in):
    sign_in(client, UserFactory(is_staff=True))

    response = client.get("/operators/", follow=True)

    assert response.redirect_chain[-1][0] == "/settings/profile/"


@pytest.mark.threat("S1")
def test_the_operators_page_takes_no_password_itself(client, operator):
    shown = client.get("/operators/login/")
    answer = client.post(
        "/operators/login/",
        {"username": operator.email, "password": PASSWORD, "next": "/operators/"},
    )

    assert shown.headers["Location"].startswith("/sign-in/")
    assert answer.headers["Location"].startswith("/sign-in/")
    assert client.get("/me").status_code == 401


def test_nobody_else_finds_anything_there(client, sign_in):
    sign_in(client, UserFactory(two_factor_set_at=timezone.now()))

    assert client.get("/operators/", follow=True).status_code == 404


@pytest.mark.threat("A5")
@pytest.mark.parametrize("table", ["post_office/email", "account/emailaddress", "sessions/session"])
def test_mails_with_their_codes_and_other_tables_of_libraries_are_not_shown(
    client, operator, sign_in, table
):
    sign_in(client, operator, "password", "otp")

    assert client.get(f"/operators/{table}/").status_code == 404


def test_an_operator_closes_an_account_and_the_log_says_so(client, operator, sign_in):
    person = UserFactory()
    sign_in(client, operator, "password", "otp")

    client.post(f"/operators/accounts/user/{person.pk}/change/", {"email": "x@evil.example"})

    closed = User.objects.get(pk=person.pk)
    assert not closed.is_active
    assert closed.email != "x@evil.example"
    assert AuditEvent.objects.get(event="operator:account:changed").target_id == person.public_id

"""Whose clock the times of a page follow."""

import pytest
from django.test import RequestFactory

from orgsecurity.time_zone import readers_zone


def test_the_browsers_zone_counts_before_anybody_signed_in():
    request = RequestFactory().get("/")
    request.COOKIES["time_zone"] = "Europe%2FBerlin"

    assert str(readers_zone(request)) == "Europe/Berlin"


@pytest.mark.parametrize(
    "value",
    ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "%00", "Europe", "x" * 5000, "\ud83d"],
)
def test_a_cookie_that_names_no_zone_changes_nothing(value):
    request = RequestFactory().get("/")
    request.COOKIES["time_zone"] = value

    assert readers_zone(request) is None


@pytest.mark.django_db
def test_the_profiles_choice_goes_before_the_browsers(client, acme, sign_in):
    acme.owner.time_zone = "Asia/Tokyo"
    acme.owner.save(update_fields=["time_zone"])
    sign_in(client, acme.owner)
    client.cookies["time_zone"] = "Europe%2FBerlin"
    request = client.get("/home/").wsgi_request

    assert str(readers_zone(request)) == "Asia/Tokyo"

"""Addresses of views (accounts.links): those of Django, asked for once."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import NoReverseMatch, path, reverse, set_script_prefix

from accounts.links import link


def page(_request: HttpRequest, **_arguments: object) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("numbers/<int:number>/", page, name="number"),
    path("two/<first>/of/<second>/", page, name="two"),
]


@pytest.mark.requirement("SET-1")
@pytest.mark.parametrize("argument", ["org_4k1m", "a b", "a%b", "ä", "{0}", "%s", "zz0zz", 7])
def test_an_address_is_that_of_django_whatever_the_argument(argument):
    for _time in range(2):
        expected = reverse("organizations:overview", args=[argument])
        assert link("organizations:overview", argument) == expected


@pytest.mark.requirement("SET-1")
@override_settings(ROOT_URLCONF=__name__)
def test_arguments_keep_their_places_and_their_converters():
    assert link("two", "zz1zz", "b") == "/two/zz1zz/of/b/"
    assert link("two", "b", "zz1zz") == "/two/b/of/zz1zz/"
    assert link("number", "12") == link("number", 12) == "/numbers/12/"
    with pytest.raises(NoReverseMatch):
        link("number", "many")


@pytest.mark.requirement("SET-1")
def test_an_address_follows_the_urls_and_the_prefix_of_the_moment():
    assert link("home") == "/home/"
    with override_settings(ROOT_URLCONF=__name__), pytest.raises(NoReverseMatch):
        link("home")
    set_script_prefix("/below/")
    try:
        assert link("home") == reverse("home") == "/below/home/"
    finally:
        set_script_prefix("/")


@pytest.mark.requirement("SET-1")
@pytest.mark.parametrize("argument", ["", "a/b"])
def test_what_no_address_takes_is_refused(argument):
    with pytest.raises(NoReverseMatch):
        link("organizations:overview", argument)

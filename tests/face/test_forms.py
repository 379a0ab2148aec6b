"""Fields, their errors and the summary above them."""

import re

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.template.loader import render_to_string
from pytest_django.asserts import assertHTMLEqual

from orgsecurity.forms import FormRenderer


class Claim(forms.Form):
    domain = forms.CharField(help_text="Like acme.com")
    level = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    password = forms.CharField(widget=forms.PasswordInput)
    note = forms.CharField(required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)
    default_renderer = FormRenderer


def test_a_field_says_its_label_hint_and_error_to_those_who_listen():
    html = Claim({})["domain"].as_field_group()

    assert 'for="id_domain"' in html
    described = re.search(r'aria-describedby="([^"]+)"', html)[1].split()
    assert described == ["id_domain_helptext", "id_domain_error"]
    assert all(f'id="{name}"' in html for name in described)
    assert 'aria-invalid="true"' in html


def test_a_field_that_may_stay_empty_says_so_and_a_needed_one_does_not():
    form = Claim()

    assert "(optional)" in form["note"].as_field_group()
    assert "(optional)" not in form["domain"].as_field_group()


def test_radios_are_one_group_with_one_legend():
    html = Claim()["level"].as_field_group()

    assert html.count("<fieldset") == html.count("<legend") == 1


def test_a_password_is_never_given_back():
    form = Claim({"domain": "acme.com", "password": "correct horse"})

    assert "acme.com" in form["domain"].as_field_group()
    assert "correct horse" not in form["password"].as_field_group()


def test_the_summary_takes_focus_and_links_to_each_field():
    form = Claim({"domain": ""})
    form.add_error(None, "Somebody else changed this.")

    html = render_to_string("components/form_errors.html", {"form": form})

    assert "There is a problem" in html
    assert "autofocus" in html
    assert "Somebody else changed this." in html
    assert re.findall(r'href="#([^"]+)"', html) == ["id_domain", "id_level_0", "id_password"]


@pytest.mark.parametrize("form", [Claim(), Claim({"domain": "a.b", "level": "a", "password": "x"})])
def test_no_summary_where_nothing_is_wrong(form):
    html = render_to_string("components/form_errors.html", {"form": form})

    assert "There is a problem" not in html


@pytest.mark.requirement("SET-5")
@pytest.mark.parametrize(("on", "word", "checked"), [(True, "On", "true"), (False, "Off", "false")])
def test_a_switch_says_its_state_in_a_word_and_to_screen_readers(on, word, checked):
    html = render_to_string(
        "components/switch.html", {"name": "sso", "label": "SSO", "on": on, "url": "/confirm/"}
    )

    assert 'role="switch"' in html
    assert f'aria-checked="{checked}"' in html
    assert f">{word}</span>" in html
    assert 'action="/confirm/"' in html


@pytest.mark.requirement("SET-5")
def test_a_locked_switch_stays_reachable_and_names_its_reason_and_its_cure():
    html = render_to_string(
        "components/switch.html",
        {
            "name": "sso",
            "label": "SSO",
            "on": False,
            "url": "/confirm/",
            "locked": "No domain is verified yet.",
            "cure_url": "/domains/",
            "cure_label": "Claim a domain",
        },
    )

    assert 'aria-disabled="true"' in html
    assert " disabled" not in html
    assert 'aria-describedby="sso-locked"' in html
    assert '<a href="/domains/">Claim a domain</a>' in html


def test_our_select_says_the_same_as_djangos():
    widget = forms.Select(
        {"data-x": "<1>", "required": True, "disabled": False},
        choices=[("", "Any"), ("Group & co", [(1, "One"), ("two", "<Two>")]), (None, "None")],
    )

    ours = widget.render("pick", "two", renderer=FormRenderer())

    assertHTMLEqual(ours, widget.render("pick", "two", renderer=DjangoTemplates()))
    assert "selected" in ours

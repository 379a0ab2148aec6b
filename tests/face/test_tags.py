"""Tags that keep what they found (orgsecurity.tags): every page reads as with Django's own."""

import pytest
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.context import RequestContext
from django.test import RequestFactory
from django.urls import NoReverseMatch
from django.utils.translation import override

WORD = "This field is required."  # Django has it in German
TEMPLATES = {
    "base": "<{% block a %}a{% endblock %}|{% block b %}b{% endblock %}>",
    "middle": '{% extends "base" %}{% block a %}middle {{ block.super }}{% endblock %}',
    "leaf": '{% extends "middle" %}{% block a %}leaf {{ block.super }} {{ x }}{% endblock %}'
    "{% block b %}{% block c %}c{% endblock %}{% endblock %}",
    "sibling": '{% extends "middle" %}{% block b %}sibling{% endblock %}',
    "by name": "{% extends parent %}{% block b %}by name{% endblock %}",
    "part": "[{{ x }}{{ y }}]",
    "counting": "{% for n in 'ab' %}{% cycle '1' '2' %}{% endfor %}",
    "part with blocks": '{% extends "base" %}{% block b %}part{% endblock %}',
    "whole": "{% include 'part with blocks' %}{% include 'part' with y=x %}",
    "itself": "{% if more %}{{ more }}{% include 'itself' with more='' %}{% endif %}",
}
SNIPPETS = [
    "{% load i18n %}{% translate 'This field is required.' %}",
    "{% load i18n %}{% trans 'This field is required.' as word %}({{ word }}{{ word|upper }})",
    "{% load i18n %}{% translate 'This field is required.' noop %}",
    "{% load i18n %}{% translate word %}",
    "{% load i18n %}{% translate 'This field is required.'|upper %}",
    "{% load i18n %}{% translate 'May' context 'alt. month' %}",
    "{% load i18n %}{% translate 'May' context wanted %}",
    "{% load i18n %}{% translate '100 % <b>' %}",
    "{% load i18n %}{% autoescape off %}{% translate 'a & b' as it %}{{ it }}{% endautoescape %}",
    "{% load i18n %}{% blocktranslate %}This field is required.{% endblocktranslate %}",
    "{% load i18n %}{% blocktranslate trimmed %}\n This field\n is. {% endblocktranslate %}",
    "{% load i18n %}{% blocktranslate asvar it %}100 % of <i>{% endblocktranslate %}{{ it }}",
    "{% load i18n %}{% blocktranslate %}{{ x }} of it{% endblocktranslate %}",
    "{% load i18n %}{% blocktranslate with y=x %}{{ y }} of it{% endblocktranslate %}",
    "{% load i18n %}{% blocktranslate count n=2 %}one{% plural %}{{ n }} of{% endblocktranslate %}",
    "{% load i18n %}{% get_current_language as it %}{{ it }} {{ 'de'|language_name }}",
    "{% include 'part' %}{% include 'part' with x='<' %}{% include 'part' with y=1 only %}",
    "{% include which %}{% include 'nothing'|cut:'nothing'|default:'part' %}",
    "{% for x in 'ab' %}{% include 'part' %}{% include 'counting' %}{% endfor %}",
    "{% include 'whole' %}{% include 'itself' with more='again' %}",
    "{% url 'home' %} {% url 'organizations:overview' organization %}",
    "{% url 'organizations:overview' organization_id=organization %}",
    "{% url 'organizations:overview' 'a b' %} {% url 'organizations:overview' x %}",
    "{% url 'organizations:overview' organization as there %}({{ there }})",
    "{% url 'no such view' as nowhere %}({{ nowhere }})",
    "{% url 'organizations:overview' as nowhere %}({{ nowhere }})",
    "{% url 'organizations:overview' 'a/b' as nowhere %}({{ nowhere }})",
]
VALUES = {
    "x": "<x&y>",
    "word": WORD,
    "wanted": "alt. month",
    "which": "part",
    "parent": "base",
    "organization": "org_4k1m",
}
LOADERS = [("django.template.loaders.locmem.Loader", TEMPLATES)]


def engines():
    libraries = {"i18n": "django.templatetags.i18n"}
    django = Engine(loaders=LOADERS, libraries=libraries)
    ours = Engine(
        loaders=[("django.template.loaders.cached.Loader", LOADERS)],
        libraries={"i18n": "orgsecurity.tags.i18n"},
        builtins=["orgsecurity.tags.builtins"],
    )
    return django, ours


@pytest.mark.requirement("SET-1")
@pytest.mark.parametrize("source", SNIPPETS)
def test_a_snippet_reads_as_with_djangos_own_tags_in_each_language_and_each_time(source):
    django, ours = (engine.from_string(source) for engine in engines())
    for language in ("en", "de", "en", None, "de"):
        with override(language):
            assert ours.render(Context(VALUES)) == django.render(Context(VALUES))


@pytest.mark.requirement("SET-1")
@pytest.mark.parametrize("names", [["leaf", "sibling", "leaf"], ["by name", "middle", "by name"]])
def test_templates_that_extend_one_another_read_as_with_djangos_own_tags(names):
    django, ours = engines()
    for name in names:
        for values in (VALUES, {**VALUES, "x": "other", "parent": "middle"}):
            expected = django.get_template(name).render(Context(values))
            assert ours.get_template(name).render(Context(values)) == expected


@pytest.mark.requirement("SET-1")
def test_words_kept_in_one_language_are_not_shown_in_another():
    _django, ours = engines()
    template = ours.from_string(SNIPPETS[0])
    with override("en"):
        assert template.render(Context()) == WORD
    with override("de"):
        assert template.render(Context()) == "Dieses Feld ist zwingend erforderlich."


@pytest.mark.requirement("SET-1")
def test_a_template_may_still_extend_the_one_that_it_replaces():
    first = {"page": "{% extends 'page' %}{% block a %}ours, {{ block.super }}{% endblock %}"}
    second = {"page": "{% block a %}theirs{% endblock %}"}
    engine = Engine(
        loaders=[
            ("django.template.loaders.locmem.Loader", first),
            ("django.template.loaders.locmem.Loader", second),
        ],
        builtins=["orgsecurity.tags.builtins"],
    )
    for _time in range(2):
        assert engine.get_template("page").render(Context()) == "ours, theirs"


@pytest.mark.requirement("SET-1")
def test_an_address_or_a_part_that_is_not_there_is_still_an_error():
    _django, ours = engines()
    context = RequestContext(RequestFactory().get("/"))
    for source in ("{% url 'no such view' %}", "{% url 'organizations:overview' 'a/b' %}"):
        with pytest.raises(NoReverseMatch):
            ours.from_string(source).render(context)
    for source in ("{% include 'nothing' %}", "{% extends 'nothing' %}"):
        with pytest.raises(TemplateDoesNotExist):
            ours.from_string(source).render(context)

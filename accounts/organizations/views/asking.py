"""A page that asks once before it changes something: the same shape for every small change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy

from accounts.organizations.forms import EmptyForm
from accounts.organizations.members import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django import forms
    from django.http import HttpRequest, HttpResponse

    from accounts.organizations.context import OrganizationContext

NOT_ALLOWED = gettext_lazy("Your role doesn't allow this any more. Nothing was changed.")


class Question(TypedDict):
    """What organizations/confirm.html shows; ``lead`` are sentences."""

    heading: str
    lead: NotRequired[list[str]]
    submit_label: str
    cancel_url: str
    danger: NotRequired[bool]
    roles_link: NotRequired[bool]


def ask_once(
    request: HttpRequest,
    context: OrganizationContext,
    act: Callable[[], Any],
    *,
    form: forms.Form | None = None,
    refusals: Mapping[type[Exception], Any] | None = None,
    done: str = "",
    then: str | Callable[[Any], str] = "",
    **question: Unpack[Question],
) -> HttpResponse:
    """Ask; on yes do ``act``, say with ``done`` what is now true, and go on to ``then``.

    ``refusals`` are the exceptions of the service with what to say: a sentence, or a sentence by
    field. ``then`` may be made from what ``act`` returned; empty, it is the question's cancel_url.
    """
    form = form or EmptyForm(request.POST if request.method == "POST" else None)
    sentences: dict[type[Exception], Any] = {NotAllowed: NOT_ALLOWED, **(refusals or {})}
    if request.method == "POST" and form.is_valid():
        try:
            made = act()
        except tuple(sentences) as refused:
            form.add_error(None, ValidationError(sentences[type(refused)]))
        else:
            if done:
                messages.success(request, done)
            return redirect((then(made) if callable(then) else then) or question["cancel_url"])
    page = {"context": context, "form": form, **question}
    return render(request, "organizations/confirm.html", page)

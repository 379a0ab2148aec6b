"""What one's own settings ask for: account-level evidence, and for some changes a fresh one."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.utils.cache import add_never_cache_headers

from accounts.actor import person_of
from accounts.signin.evidence import Evidence, evidence_of
from accounts.signin.flow import redirect_to_sign_in

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.models import User

# A session left open an hour ago must not change the account's keys.
FRESH = datetime.timedelta(minutes=10)


def own(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard a page that changes the account: account-level evidence, second factor included.

    What an organization's identity provider said opens none of them (ACC-7, O7).
    """
    return _guard(view, lambda evidence, user: evidence.proves_account(user))


def own_and_fresh(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard a page that changes how the account is proved: shown within the last ten minutes."""
    return _guard(view, proves_now)


def proves_now(evidence: Evidence, user: User) -> bool:
    """Return whether somebody proved within the last ten minutes that the account is theirs."""
    recently = evidence.since(evidence.now - FRESH)
    return evidence.proves_account(user) and recently.is_account_level


def _guard(
    view: Callable[..., HttpResponse], suffices: Callable[[Evidence, User], bool]
) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = person_of(request)
        if not suffices(evidence_of(request), user):
            return redirect_to_sign_in(request, address=user.email, path=request.get_full_path())
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        response.headers["Cache-Control"] = "no-store"
        return response

    return login_required(guarded)

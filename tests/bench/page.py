"""What access control adds to a signed-in page, in process

The goal is of the architecture: at most one query and 0.7 times of session and user, whatever the
number of rules.
"""

from importlib import import_module

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.bench.report import Report, in_turns
from tests.factories import MembershipFactory
from tests.support.signing_in import sign_in

ROUNDS = 300


def run(report: Report) -> None:
    membership = MembershipFactory(role="admin", user__password=None)
    client = sign_in(Client(), membership.user)
    page = f"/organization/{membership.organization.public_id}/"

    with override_settings(ROOT_URLCONF="tests.bench.page_urls"):
        medians = in_turns(
            ROUNDS,
            floor=lambda: session_and_user(client, membership.user.pk),
            user=lambda: client.get("/user/"),
            page=lambda: client.get(page),
        )
        queries = {path: count_queries(client, path) for path in ("/user/", page)}

    report.add("session and user", medians["floor"])
    added = medians["page"] - medians["user"]
    report.add("access control, on top", added, floor=medians["floor"], at_most=0.7)
    report.add("queries, on top", queries[page] - queries["/user/"], "queries", at_most=1)


def session_and_user(client: Client, pk: int) -> None:
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    import_module(settings.SESSION_ENGINE).SessionStore(key).load()
    User.objects.get(pk=pk)


def count_queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)

"""What access control adds to a signed-in page, in process

The goal is of the architecture: at most one query and 0.7 times of a bare page of Django's, with
its own session, its own look-up of the user and no other middleware, whatever the number of rules.
What is added is the difference between two of our own pages, one inside an organization.
"""

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.bench.bare import bare_django, bare_session, with_its_backend
from tests.bench.report import Report, in_turns
from tests.factories import MembershipFactory
from tests.support.signing_in import sign_in

ROUNDS = 300


def run(report: Report) -> None:
    membership = MembershipFactory(role="admin", user__password=None)
    client = sign_in(Client(), membership.user)
    page = f"/organization/{membership.organization.public_id}/"

    with override_settings(ROOT_URLCONF="tests.bench.page_urls"), with_its_backend():
        django = bare_client(membership.user)
        medians = in_turns(
            ROUNDS,
            floor=lambda: django.get("/user/"),
            user=lambda: client.get("/user/"),
            page=lambda: client.get(page),
        )
        queries = {path: count_queries(client, path) for path in ("/user/", page)}

    report.add("a bare page with session and user", medians["floor"])
    added = medians["page"] - medians["user"]
    report.add("access control, on top", added, floor=medians["floor"], at_most=0.7)
    report.add("queries, on top", queries[page] - queries["/user/"], "queries", at_most=1)


def bare_client(user: User) -> Client:
    """Sign in to Django alone; the middleware is what it is at the first request."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = bare_session(user)
    with bare_django():
        assert client.get("/user/").content.decode() == user.email
    return client


def count_queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)

"""Accepting a SAML response, and a whole sign-in, in process

The floor parses with lxml and verifies with xmlsec, and checks nothing else; python3-saml stands
beside it as its documentation uses it. RSA 2048, SHA-256, six attributes, a fresh message each
time; CPU of the process, so that a busy machine does not count.
"""

import base64
import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection as database
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from accounts.models import User
from sso import contract
from sso.saml import checks, preflight
from sso.saml.certificates import pin
from sso.saml.reasons import Refused
from tests.bench.report import Report
from tests.factories import MembershipFactory, OrganizationFactory
from tests.sso import signer
from tests.sso.conftest import connect, verify_domain
from tests.sso.signer import xmlsec

ROUNDS = 200
SIGN_INS = 60
ATTRIBUTES = {
    "firstName": ["Bob"],
    "lastName": ["Lee"],
    "department": ["Sales"],
    "groups": ["everyone", "sales"],
    "locale": ["en"],
}
FORM = "application/x-www-form-urlencoded"
SIGNATURE = {"ds": signer.DS}
# What a view needs that only verifies and logs in.
PLAIN_DJANGO = {
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    "SESSION_ENGINE": "django.contrib.sessions.backends.db",
}


def run(report: Report) -> None:
    for sign in ("response", "assertion", "both"):
        _accepting(report, sign)
    _forged(report)
    _signing_in(report)


def _answers(sign: str, count: int, **changes: Any) -> Iterator[str]:
    """Messages, made before anything is measured, each used once."""
    made = [
        signer.Answer(
            sign=sign,
            attributes=ATTRIBUTES,
            entity_id=contract.entity_id(),
            acs_url=contract.reply_url(),
            confirmation_until=3600,
            not_on_or_after=3600,
            **changes,
        ).encoded()
        for _ in range(count)
    ]
    return itertools.cycle(made)


def _accepting(report: Report, sign: str) -> None:
    messages = {name: _answers(sign, ROUNDS) for name in ("floor", "library", "ours")}
    kept = OneLogin_Saml2_XML._schema_class, OneLogin_Saml2_XML.query

    def library() -> None:
        OneLogin_Saml2_XML._schema_class = etree.XMLSchema
        OneLogin_Saml2_XML.query = staticmethod(_query)
        try:
            _by_library(next(messages["library"]))
        finally:
            OneLogin_Saml2_XML._schema_class, OneLogin_Saml2_XML.query = kept

    medians = _cpu_in_turns(
        ROUNDS,
        floor=lambda: _verify(next(messages["floor"])),
        library=library,
        ours=lambda: _judge(next(messages["ours"])),
    )
    report.add(f"floor: parse and verify, {sign} signed", medians["floor"])
    report.add("python3-saml as documented", medians["library"], floor=medians["floor"])
    report.add("ours, every check", medians["ours"], floor=medians["floor"], at_most=5)


def _forged(report: Report) -> None:
    good, bad = _answers("assertion", ROUNDS), _answers("assertion", ROUNDS, key=signer.key("bad"))

    def refused() -> None:
        try:
            _judge(next(bad))
        except Refused:
            return
        raise AssertionError

    medians = _cpu_in_turns(ROUNDS, accepted=lambda: _judge(next(good)), forged=refused)
    report.add("a forged one", medians["forged"], floor=medians["accepted"], at_most=1)


def _query(dom, query, context=None, tagid=None):
    source = dom if context is None else context
    variables = {} if tagid is None else {"tagid": tagid}
    return source.xpath(query, namespaces=OneLogin_Saml2_Constants.NSMAP, **variables)


def _verify(encoded: str) -> None:
    root = etree.fromstring(base64.b64decode(encoded))
    xmlsec.tree.add_ids(root, ["ID"])
    for node in root.iterfind(".//ds:Signature", SIGNATURE):
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(
            signer.key().certificate_pem, xmlsec.KeyFormat.CERT_PEM, None
        )
        context.verify(node)


def _by_library(encoded: str) -> None:
    settings = {
        "strict": True,
        "sp": {
            "entityId": contract.entity_id(),
            "assertionConsumerService": {"url": contract.reply_url()},
        },
        "idp": {
            "entityId": "https://idp.example/metadata",
            "singleSignOnService": {"url": "https://idp.example/sso"},
            "x509cert": signer.key().certificate_pem.decode(),
        },
    }
    host = contract.reply_url().removeprefix("http://").removesuffix(contract.REPLY_PATH)
    request = {
        "https": "off",
        "http_host": host,
        "script_name": contract.REPLY_PATH,
        "post_data": {"SAMLResponse": encoded},
    }
    auth = OneLogin_Saml2_Auth(request, settings)
    auth.process_response()
    assert auth.is_authenticated(), auth.get_last_error_reason()
    auth.get_attributes()


CONNECTION = checks.Connection(
    public_id="conn_bench",
    version="1",
    issuer="https://idp.example/metadata",
    sign_in_url="https://idp.example/sso",
    certificates=(pin(signer.key().certificate),),
)


def _judge(encoded: str) -> None:
    message = preflight.read([encoded])
    examination = checks.Examination(
        message, CONNECTION, contract.service_provider(), datetime.now(UTC)
    )
    checks.examine(examination)


def _signing_in(report: Report) -> None:
    organization = OrganizationFactory(name="Bench")
    verify_domain(organization)
    connect(organization, idp_managed_access=True)
    user = MembershipFactory(organization=organization, user__email="bob@corp.example").user
    messages = _answers("assertion", 2 * SIGN_INS + 20)
    browser = Client()

    def ours() -> None:
        browser.cookies.pop(settings.SESSION_COOKIE_NAME, None)  # the browser is known
        response: Any = browser.post(contract.REPLY_PATH, form(next(messages)), FORM)
        browser.get(response.url.removeprefix("http://127.0.0.1:8000"))

    plain = Client()
    with override_settings(ROOT_URLCONF="tests.bench.sso_urls", **PLAIN_DJANGO):
        plain.post("/bench/sign-in/", form(next(messages), user.pk), FORM)

    def floor() -> None:
        plain.cookies.clear()
        with override_settings(ROOT_URLCONF="tests.bench.sso_urls"):
            plain.post("/bench/sign-in/", form(next(messages), user.pk), FORM)

    with override_settings(RATE_LIMITS=False):
        ours()
        cpu = _cpu_in_turns(SIGN_INS, floor=floor, ours=ours)
        with CaptureQueriesContext(database) as captured:
            ours()
    report.add("a view that only verifies and logs in, CPU", cpu["floor"])
    report.add("a whole sign-in, CPU", cpu["ours"], floor=cpu["floor"], at_most=2)
    statements = [q["sql"] for q in captured.captured_queries if not _is_bracket(q["sql"])]
    if os.environ.get("BENCH_STATEMENTS"):
        print("\n".join(" ".join(statement.split())[:160] for statement in statements))
    report.add("a whole sign-in", len(statements), "queries", at_most=14)
    assert User.objects.filter(email="bob@corp.example").count() == 1


def form(message: str, user: int | None = None) -> str:
    """A form as browsers send it for an identity provider."""
    return urlencode({"SAMLResponse": message, **({"user": user} if user else {})})


def _is_bracket(sql: str) -> bool:
    return sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK"))


def _cpu_in_turns(rounds: int, **columns: Callable[[], None]) -> dict[str, float]:
    """As `in_turns`, by the process's CPU: what waits for the database is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in columns}
    for number in range(-5, rounds):
        for name, function in columns.items():
            begun = time.process_time()
            function()
            if number >= 0:
                taken[name].append((time.process_time() - begun) * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}

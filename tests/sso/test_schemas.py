"""The library's schemas, compiled by threads that all begin with their first message."""

import subprocess
import sys

import pytest

from tests.support.database import PROJECT

# A process of its own: what goes wrong here ends it, or runs for ever.
FIRST_MESSAGES = """
import threading
import django
django.setup()
from lxml import etree
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML
from sso.saml import service_provider
message = etree.fromstring(
    '<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a" Version="2.0" '
    'IssueInstant="2026-01-01T00:00:00Z">'
    '<p:Status><p:StatusCode Value="x"/></p:Status></p:Response>'
)
copies = [etree.fromstring(etree.tostring(message)) for _ in range(8)]
start, verdicts = threading.Barrier(8), []
def judge(tree):
    start.wait()
    verdicts.append(OneLogin_Saml2_XML.validate_xml(tree, "saml-schema-protocol-2.0.xsd"))
threads = [threading.Thread(target=judge, args=[tree]) for tree in copies]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(verdicts) == 8 and not any(isinstance(verdict, str) for verdict in verdicts), verdicts
"""


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(3))
def test_eight_first_messages_at_once_are_judged_alike(attempt):
    done = subprocess.run(
        [sys.executable, "-c", FIRST_MESSAGES],
        cwd=PROJECT,
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr

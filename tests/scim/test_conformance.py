"""scim2-tester over the whole WSGI application: no failure, nothing skipped."""

import sys
import uuid
from typing import Any

import pytest
import scim2_tester.checker  # noqa: F401  the modules below are its parts
from django.core.handlers.wsgi import WSGIHandler
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server
from scim2_tester.filling import generate_random_value


@pytest.fixture
def names_of_the_domain(monkeypatch):
    """Let the tester draw userNames that can exist here: addresses of the verified domain."""

    def draw(context: Any, path: Any, *args: Any, **kwargs: Any) -> Any:
        value = generate_random_value(context, path, *args, **kwargs)
        if str(path).endswith("userName") and value is not None:
            return f"{uuid.uuid4()}@corp.example"
        return value

    for name, module in list(sys.modules.items()):
        if name.startswith("scim2_tester") and hasattr(module, "generate_random_value"):
            monkeypatch.setattr(module, "generate_random_value", draw)


@pytest.mark.timeout(300)
@pytest.mark.requirement("SCIM-9", "SCIM-10")
def test_scim2_tester_finds_nothing(transactional_db, token, names_of_the_domain, settings):
    settings.RATE_LIMITS = False  # the tester sends more than a provider's pace
    client = WSGISCIMClient(
        WSGIHandler(),
        base_url="http://127.0.0.1:8000/api/app/scim/v2",
        headers={"Authorization": f"Bearer {token}"},
    )

    results = check_server(client)

    found = [
        f"{one.status.name} {one.resource_type} {one.title}: {one.reason}"
        for one in results
        if one.status != Status.SUCCESS
    ]
    assert not found, "\n".join(found)
    assert len(results) > 100

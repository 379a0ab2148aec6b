"""A SCIM client: what a provider's HTTP library does, over Django's test client."""

import json
from typing import Any

from django.test import Client

BASE = "/api/app/scim/v2"
OKTA = "Okta SCIM Client 1.0.0"


class ScimClient:
    """Calls with one token; `last` is the last response."""

    def __init__(self, token: str, *, agent: str = OKTA, raise_errors: bool = False) -> None:
        self.token = token
        self.agent = agent
        self.http = Client(raise_request_exception=raise_errors)
        self.last: Any = None

    def call(self, method: str, path: str, body: Any = None, **headers: Any) -> Any:
        data = (
            body if isinstance(body, bytes | str) else json.dumps(body) if body is not None else ""
        )
        headers = {"User-Agent": self.agent, "Authorization": f"Bearer {self.token}", **headers}
        content_type = headers.pop("Content-Type", "application/scim+json; charset=utf-8")
        self.last = self.http.generic(
            method,
            f"{BASE}{path}",
            data,
            content_type=content_type,
            headers={name: value for name, value in headers.items() if value is not None},
        )
        return self.last

    def get(self, path: str, **headers: Any) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: Any) -> Any:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: Any) -> Any:
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, *operations: Any, **headers: Any) -> Any:
        schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        return self.call(
            "PATCH", path, {"schemas": schemas, "Operations": list(operations)}, **headers
        )

    def delete(self, path: str, **headers: Any) -> Any:
        return self.call("DELETE", path, **headers)

    def create(self, user_name: str = "bob@corp.example", **attributes: Any) -> dict[str, Any]:
        response = self.post("/Users", {"userName": user_name, **attributes})
        assert response.status_code == 201, response.content
        created: dict[str, Any] = response.json()
        return created

    def lookup(self, expression: str, kind: str = "Users", **parameters: Any) -> dict[str, Any]:
        response = self.http.get(
            f"{BASE}/{kind}",
            {"filter": expression, **parameters},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found


def error_of(response: Any) -> tuple[int, str | None]:
    """Check the shape of an error and give status and scimType."""
    body = response.json()
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert body["status"] == str(response.status_code)
    assert isinstance(body["detail"], str)
    assert response["Content-Type"] == "application/scim+json"
    return response.status_code, body.get("scimType")

"""The real application behind the real Lambda adapter: API Gateway's events, and tokens as issuers sign them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from api.app import create_app
from api.auth import Authenticator
from api.dependencies import AppDependencies, Services
from api.handler import gateway_handler
from auricle.adapters.jwks import PublishedKeys
from auricle.directory.api_keys import API_KEYS
from auricle.settings import Settings
from tests.contract.documented_errors import undocumented

ISSUER = "https://issuer.test"
AUDIENCE = "auricle"
SETTINGS = Settings(
    env="local",
    bucket="recordings",
    table="auricle",
    jwt_issuer=ISSUER,
    jwt_audience=AUDIENCE,
    cursor_key="a secret of this test",
    public_url="https://api.test",
)
ALL_SCOPES = "audio:read audio:write audio:download recordings:read recordings:write calls:read calls:write org:admin"


@dataclass
class Identity:
    """An issuer: its keys, the JWKS it publishes, and the tokens it signs."""

    keys: dict[str, RSAKey] = field(default_factory=lambda: {"k1": RSAKey.generate_key(2048, private=True)})
    fetched: int = 0
    clock: Callable[[], float] = time.time

    def document(self, _url: str = "") -> bytes:
        """The JWKS, counting how often it is asked for."""
        self.fetched += 1
        listed = [
            {**key.as_dict(private=False), "kid": key_id, "use": "sig", "alg": "RS256"}
            for key_id, key in self.keys.items()
        ]
        return json.dumps({"keys": listed}).encode()

    def token(
        self,
        *,
        org: Any = "acme",
        scope: Any = ALL_SCOPES,
        roles: Any = ("founder",),
        key_id: str = "k1",
        without: tuple[str, ...] = (),
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A signed token; `claims` replace the usual ones and `without` leaves some out."""
        now_s = int(self.clock())
        content = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "user_1",
            "org": org,
            "scope": scope,
            "roles": roles,
            "iat": now_s,
            "exp": now_s + 600,
            **claims,
        }
        for name in without:
            del content[name]
        return jwt.encode({"alg": "RS256", "kid": key_id, **(header or {})}, content, self.keys[key_id])


@dataclass(frozen=True)
class Answer:
    """What the client sees."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


CONTEXT: Any = SimpleNamespace(aws_request_id="8d6f1c2e-0000-4000-8000-000000000001")
"""Lambda's context, as much of it as is read."""


class Gateway:
    """Sends requests to the handler as API Gateway does (payload 2.0)."""

    def __init__(
        self, services: Services, identity: Identity, *, settings: Settings = SETTINGS, issuer: str = ISSUER
    ) -> None:
        self.identity = identity
        self.now = datetime.now(UTC)
        self.clock = time.time
        keys = PublishedKeys("https://issuer.test/jwks.json", fetch=identity.document)
        self.app = create_app(
            AppDependencies(
                settings=lambda: settings,
                services=lambda: services,
                authenticator=Authenticator(
                    keys=lambda: keys,
                    issuer=lambda: issuer,
                    audience=lambda: AUDIENCE,
                    api_keys=lambda: services.records(API_KEYS),
                    clock=lambda: self.clock(),
                ),
                now=lambda: self.now,
            ),
        )
        self.handle = gateway_handler(self.app)
        self._token = identity.token()

    def get(
        self, path: str, *, token: str | None = None, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Answer:
        return self.ask("GET", path, query=urlencode(query), token=token, headers=headers)

    def post(
        self, path: str, body: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, body=raw, token=token, headers=headers)

    def delete(self, path: str, *, token: str | None = None) -> Answer:
        return self.ask("DELETE", path, token=token)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: bytes = b"",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. No `token` sends a good one of tenant acme; an empty one sends none."""
        credential = self._token if token is None else token
        sent = {"authorization": f"Bearer {credential}"} if credential else {}
        if body:
            sent["content-type"] = "application/json"
        answered = self.handle(
            event(method, path, query=query, body=body, headers={**sent, **(headers or {})}), CONTEXT
        )
        content = answered.get("body") or ""
        raw = base64.b64decode(content) if answered.get("isBase64Encoded") else content.encode()
        if answered["statusCode"] >= 400:
            lacking = undocumented(method, path, answered["statusCode"], raw)
            assert lacking is None, lacking
        return Answer(answered["statusCode"], answered.get("headers", {}), raw)


def event(
    method: str, path: str, *, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """API Gateway's event for an HTTP API, payload format 2.0."""
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": "*/*",
            "accept-encoding": "gzip, br",
            "host": "api.test",
            "user-agent": "test",
            "x-amzn-trace-id": "Root=1-65000000-000000000000000000000000",
            "x-forwarded-for": "198.51.100.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            **(headers or {}),
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "api.test",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "198.51.100.7",
                "userAgent": "test",
            },
            "requestId": "gateway-request",
            "stage": "$default",
            "time": "21/Nov/2026:02:00:00 +0000",
            "timeEpoch": 1795226400000,
        },
        "isBase64Encoded": False,
    }
    if body:
        try:
            made["body"] = body.decode()
        except UnicodeDecodeError:
            made["body"], made["isBase64Encoded"] = base64.b64encode(body).decode(), True
    return made

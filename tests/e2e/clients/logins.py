"""A server that signs users in (OAuth 2, RFC 6749, with PKCE, RFC 7636), and a client of it, as a command.

python -m tests.e2e.clients.logins URL [STATE]
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.programs import answer

CLIENT, CALLBACK = "app", "https://app.test/callback"


class Logins:
    """The codes and tokens that were issued, each with what proves it."""

    def __init__(self) -> None:
        self._challenges: dict[str, str] = {}
        self._refresh_tokens: set[str] = set()
        self._access_tokens: set[str] = set()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        places = {"/authorize": self._authorize, "/token": self._exchange, "/me": self._describe}
        places[urlsplit(handler.path).path](handler)

    def _authorize(self, handler: BaseHTTPRequestHandler) -> None:
        asked = dict(parse_qsl(urlsplit(handler.path).query))
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        code = secrets.token_urlsafe(24)
        self._challenges[code] = asked["code_challenge"]
        redirect = urlencode({"code": code, "state": asked["state"]})
        answer(handler, b"", 302, Location=f"{asked['redirect_uri']}?{redirect}")

    def _exchange(self, handler: BaseHTTPRequestHandler) -> None:
        sent = {name: one for name, (one,) in parse_qs(_body(handler)).items()}
        if sent["grant_type"] == "refresh_token":
            proven = sent["refresh_token"] in self._refresh_tokens
        else:
            proven = self._challenges.pop(sent["code"], None) == challenge(sent["code_verifier"])
        if not proven:
            return _send(handler, {"error": "invalid_grant"}, 400)
        return _send(handler, self._issue())

    def _issue(self) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access_tokens.add(access)
        self._refresh_tokens.add(refresh)
        return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 3600}

    def _describe(self, handler: BaseHTTPRequestHandler) -> None:
        scheme, _, token = handler.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._access_tokens:
            return _send(handler, {"error": "invalid_token"}, 401)
        return _send(handler, {"name": "Ada"})


def challenge(verifier: str) -> str:
    """Return what a client sends of its verifier first (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _body(handler: BaseHTTPRequestHandler) -> str:
    body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
    del handler.headers["Content-Length"]
    return body


def _send(handler: BaseHTTPRequestHandler, value: dict[str, Any], status: int = 200) -> None:
    answer(handler, json.dumps(value).encode(), status, Content_Type="application/json", Cache_Control="no-store")


def sign_in(url: str, state: str | None = None) -> list[Any]:
    """Sign in and call the API, with the first token and with a refreshed one; verifier and nonce are random."""
    import requests
    from requests_oauthlib import OAuth2Session

    session = OAuth2Session(CLIENT, redirect_uri=CALLBACK, scope=["profile"], pkce="S256", state=state)
    page, _ = session.authorization_url(f"{url}/authorize", nonce=secrets.token_urlsafe(16))
    redirect = requests.get(page, allow_redirects=False, timeout=20)
    returned = redirect.headers["Location"]  # the browser would call the client there
    first = session.fetch_token(f"{url}/token", authorization_response=returned, include_client_id=True)
    described: list[Any] = [session.get(f"{url}/me").json()]
    second = session.refresh_token(f"{url}/token", client_id=CLIENT)
    described.append(session.get(f"{url}/me").json())
    return [*described, first["access_token"] != second["access_token"]]


if __name__ == "__main__":
    json.dump(sign_in(*sys.argv[1:]), sys.stdout)

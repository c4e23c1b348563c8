"""A small API to record: python -m demo.sample_api PORT. Standard library only."""

from __future__ import annotations

import gzip
import json
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEFAULT_PORT = 9000
USERS = {"1": {"id": 1, "name": "Ada"}, "2": {"id": 2, "name": "Grace"}}
# Each GET of an order moves it to the next state.
STATES = ["received", "packed", "sent"]


class SampleApi(BaseHTTPRequestHandler):
    """An API with users, an order whose state changes at each GET, a redirect, and a compressed report."""

    protocol_version = "HTTP/1.1"
    looks = 0

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/users":
            self._json(200, {"page": query.removeprefix("page=") or "1", "users": list(USERS.values())})
        elif path.startswith("/users/"):
            user = USERS.get(path.rpartition("/")[2])
            self._json(200 if user else 404, user or {"error": "no such user"})
        elif path == "/orders/7":
            self._json(200, {"id": 7, "state": STATES[min(SampleApi.looks, len(STATES) - 1)]})
            SampleApi.looks += 1
        elif path == "/me":
            self._send(302, b"", ("Location", f"http://{self.headers['Host']}/users/1"))
        else:
            report = gzip.compress(b"id,name\n1,Ada\n2,Grace\n" * 200, mtime=0)
            self._send(200, report, ("Content-Type", "text/csv"), ("Content-Encoding", "gzip"))

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._json(201, {"id": 8, **order})

    def _json(self, status: int, value: object) -> None:
        self._send(status, json.dumps(value).encode(), ("Content-Type", "application/json"))

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the demo says one line per step."""


def main() -> None:
    """Serve on the port that is given, by default 9000, until Ctrl-C."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PORT
    with ThreadingHTTPServer(("127.0.0.1", port), SampleApi) as server:
        print(f"The sample API listens on http://127.0.0.1:{port}. Stop with Ctrl-C.", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()

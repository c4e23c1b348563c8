"""Servers to record: httpbin, an independent program, behind a threaded WSGI server."""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# httpbin gives 100 KB at most.
BIG = random.Random(1).randbytes(5_000_000)


@contextmanager
def httpbin(*folders: str) -> Iterator[str]:
    """httpbin over HTTP/1.1, below each of these folders.

    It has two paths more: /big gives 5 MB, /digest returns the SHA-256 of a request's body.
    """
    from httpbin import app

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    mounted = DispatcherMiddleware(NotFound(), dict.fromkeys(folders, _with_large_bodies(app)))
    server = make_server("127.0.0.1", 0, mounted, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _with_large_bodies(app: WSGIApplication) -> WSGIApplication:
    def routed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/big":
                body = BIG
            case "/digest":
                sent = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                body = hashlib.sha256(sent).hexdigest().encode()
            case _:
                return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
        return [body]

    return routed

"""Makes a store with a promoted session whose request items have old keys.

It was run once, with the schema 0006: python -m tests.assets.promoted.make_promoted_asset. Later the keys are not old.
"""

from __future__ import annotations

from pathlib import Path

from tests.factories.messages import make_request, make_response
from tests.factories.stored import make_exchange
from understudy.proxy.operations.collections.example_document import as_document
from understudy.proxy.operations.collections.examples import ExampleContents, read_example, save_document
from understudy.proxy.operations.recordings.promotion import choose_exchanges, promote_history
from understudy.store.model.messages import Request, Response
from understudy.store.promotion import PromotionPlan
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

FILE = Path(__file__).parent / "0006.db"
SESSION, COLLECTION = "recorded", "shop"
EDITED = "PUT /users/9 - 200"

CSV, JSON = ({"Accept": "text/csv"}, {"Accept": "application/json"})
HEAD, TAIL = ({"Range": "bytes=0-3"}, {"Range": "bytes=4-7"})
KNOWN = {"If-None-Match": '"v1"'}
CREATED = make_response(201, b'{"id": 1}')
LOGIN = b'{"user": "ada", "password": "correct horse battery staple"}'

TRAFFIC: list[tuple[Request, Response]] = [
    (make_request(target="/users/ada%40example.com"), make_response(body=b'{"user": 1}')),
    (make_request(target="/users/ada@example.com"), make_response(body=b'{"user": 1}')),
    (make_request(target="/hosts", origin="http://api.example.com.:80"), make_response(body=b'{"host": 1}')),
    (make_request(target="/hosts", origin="http://API.example.com"), make_response(body=b'{"host": 1}')),
    (make_request(target="/items?z=1&sort=b&sort=a&a=2"), make_response(body=b'{"order": "b, a"}')),
    (make_request(target="/items?z=1&sort=a&sort=b&a=2"), make_response(body=b'{"order": "a, b"}')),
    (make_request(target="/cached"), make_response(headers={"ETag": '"v1"'}, body=b"cached")),
    (make_request(target="/cached", headers=KNOWN), make_response(304, b"", headers={"ETag": '"v1"'})),
    (make_request(target="/report", headers=CSV), make_response(body=b"a,b", headers={"Vary": "Accept"})),
    (make_request(target="/report", headers=JSON), make_response(body=b'["a", "b"]', headers={"Vary": "Accept"})),
    (make_request(target="/file", headers=HEAD), make_response(206, b"0123", headers={"Content-Range": "bytes 0-3/8"})),
    (make_request(target="/file", headers=TAIL), make_response(206, b"4567", headers={"Content-Range": "bytes 4-7/8"})),
    (make_request(target="/queue"), make_response(body=b'{"left": 2}')),
    (make_request(target="/queue"), make_response(body=b'{"left": 1}')),
    (
        make_request("POST", "/login?api_key=k3y-0123456789abcdef", body=LOGIN, content_type="application/json"),
        make_response(body=b'{"token": "tok-0123456789abcdef0123456789"}'),
    ),
    (
        make_request("POST", "/notes", body=b'{"a": 1}', content_type="application/json"),
        make_response(201, b'{"id": 1}'),
    ),
    (make_request("POST", "/notes", body=b'{"a":1.0}', content_type="text/json"), CREATED),
    (make_request("PUT", "/users/9", body=b'{"name": "bob"}', content_type="application/json"), make_response()),
]


def make(file: Path) -> None:
    """A session, promoted to a collection, and an example whose request a person edited."""
    store = open_store(str(file))
    session = store.sessions.create(SESSION, None)
    store.history.add(
        [
            make_exchange(session.id, request, response, started=1_000.0 + number)
            for number, (request, response) in enumerate(TRAFFIC)
        ]
    )
    promote_history(store, choose_exchanges(store, HistoryFilter(), SESSION), COLLECTION, PromotionPlan(), actor="ada")
    _edit(store, read_example(store, EDITED))
    store.close()


def _edit(store: Store, contents: ExampleContents) -> None:
    document = as_document(contents.example, contents.request_body, contents.response_body)
    save_document(store, contents, document.replace('"bob"', '"{{name}}"'), actor="ada")


if __name__ == "__main__":
    make(FILE)

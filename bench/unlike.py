"""Requests that all differ in one header: the cost of reading, deciding and answering without help from caches.

python -m bench.unlike [--quick] [--profile]

Real clients send trace ids and dates, so this is the cost in practice. It is measured in process, without sockets.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import random
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from bench.quiet import QuietRounds
from tests.factories.messages import make_example, make_request, make_response
from tests.in_memory.mock_servers import make_mock
from understudy.matcher.index import Index, compile_index
from understudy.matcher.settings import POSTMAN
from understudy.serving.answers.outcomes import Answers
from understudy.serving.http1.request_reader import RequestReader
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.serving.mock_server.directory import Directory
from understudy.serving.mock_server.site import MockSite
from understudy.serving.responder import Responder
from understudy.store.model.collections import Example
from understudy.store.model.messages import Headers, Request

PATH = "/items/user-name-{:06d}?v=k"
HEAD = (
    "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
    "Accept-Encoding: gzip, deflate\r\nX-Request-Id: {number}\r\n\r\n"
)
ROUNDS = 5
SEED = 1


def main() -> None:
    """Measure, and print a table."""
    options = _options()
    examples, requests = (100, 1_000) if options.quick else (10_000, 30_000)
    index = compile_index([_example(number) for number in range(examples)], POSTMAN)
    targets = [PATH.format(number) for number in random.Random(SEED).choices(range(examples), k=requests)]
    heads = [HEAD.format(target=target, number=number).encode() for number, target in enumerate(targets)]
    gc.freeze()
    if options.profile:
        _profile(_answering(index, heads))
        return
    quiet = QuietRounds()
    costs = {
        "read": _cost(_reading(heads), requests, quiet),
        "decide": _cost(_deciding(index, targets), requests, quiet),
        "read, decide and answer": _cost(_answering(index, heads), requests, quiet),
    }
    table = Table("processor microseconds per request", "median", "least", box=None)
    for name, rounds in costs.items():
        table.add_row(name, f"{rounds[len(rounds) // 2]:.1f}", f"{rounds[0]:.1f}")
    console = Console()
    console.print(table)
    console.print(quiet.note, highlight=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.unlike", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    parser.add_argument("--profile", action="store_true", help="print a profile of answering instead")
    return parser.parse_args()


def _example(number: int) -> Example:
    body = b'{"id": %d, "x": "%s"}' % (number, b"y" * 280)
    return make_example(make_request(target=PATH.format(number), origin=None), response=make_response(200, body))


def _reading(heads: Sequence[bytes]) -> Callable[[], None]:
    def read() -> None:
        reader = RequestReader()
        for head in heads:
            reader.feed(head)

    return read


def _deciding(index: Index, targets: Sequence[str]) -> Callable[[], None]:
    requests = [
        Request("GET", target.encode(), Headers.of((("Host", "x"), ("Accept", "*/*"), ("X-Request-Id", str(number)))))
        for number, target in enumerate(targets)
    ]

    def decide() -> None:
        for request in requests:
            index.decide(request)

    return decide


def _answering(index: Index, heads: Sequence[bytes]) -> Callable[[], None]:
    site = MockSite(Directory(root=CompiledMockServer(make_mock(), Answers(index))))
    responder = Responder(lambda: site)

    def answer() -> None:
        for head in heads:
            responder.receive(head)
            while responder.next() is not None:
                pass

    return answer


def _cost(work: Callable[[], None], requests: int, quiet: QuietRounds) -> list[float]:
    """Return the processor time per request in each round, in microseconds, in ascending order."""
    return sorted(quiet.run(lambda: _take_time(work)) / requests * 1e6 for _ in range(ROUNDS))


def _take_time(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _profile(work: Callable[[], None]) -> None:
    profile = cProfile.Profile()
    profile.runcall(work)
    pstats.Stats(profile).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()

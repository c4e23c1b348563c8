"""Claims of header fields about a body: content coding and digests."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.serving.answers.answer import adapt_response, needs_whole_body
from understudy.store.model.collections import Example
from understudy.store.model.messages import BodyRef
from understudy.store.model.values import replace

HELLO = b"hello"
# Of HELLO, computed by openssl, and by the documented examples of the APIs.
DIGESTS = [
    ("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="),
    ("Digest", "SHA-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
    ("Digest", "sha=qvTGHdzF6KLavt4PO0gs2a6pQ00="),
    ("Content-Digest", "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"),
    ("Repr-Digest", "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:, md5=:XUFAKrxLKna5cZ2REBfFkg==:"),
    ("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
    ("x-amz-checksum-crc32", "NhCmhg=="),
    ("x-amz-crc32", "907060870"),
    ("x-goog-hash", "md5=XUFAKrxLKna5cZ2REBfFkg=="),
]


def sent(example: Example, accept: str | None = None) -> list[tuple[str, str]]:
    """Return the header fields of the answer, without Content-Length."""
    headers = [("Accept-Encoding", accept)] if accept is not None else []
    response = adapt_response(make_request(headers=headers), example, example.response.body)
    return list(response.headers.drop(["content-length"]))


def authored(*fields: tuple[str, str], body: bytes = HELLO) -> Example:
    return make_example(literal=False, response=make_response(headers=fields, body=body))


@pytest.mark.parametrize(("name", "value"), DIGESTS)
def test_a_digest_of_the_body_is_sent(name: str, value: str) -> None:
    assert sent(authored((name, value))) == [(name, value)]


@pytest.mark.parametrize(("name", "value"), [*DIGESTS, ("x-goog-hash", "crc32c=mnG7TA=="), ("Digest", "")])
def test_another_digest_is_left_out(name: str, value: str) -> None:
    assert sent(authored((name, value), ("X", "1"), body=b"hello!")) == [("X", "1")]


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, br", "utf-8"])
def test_a_coding_that_the_body_is_not_in_is_left_out(coding: str) -> None:
    assert sent(authored(("Content-Encoding", coding)), "gzip, br") == []


def test_a_coding_that_the_body_is_in_is_sent() -> None:
    coded = authored(("Content-Encoding", "gzip"), body=gzip.compress(HELLO))
    assert sent(coded, "gzip") == [("Content-Encoding", "gzip")]
    assert sent(coded, "identity") == []


def test_an_edited_recording_is_checked_and_another_is_sent_as_it_came() -> None:
    fields = [("Content-Encoding", "gzip"), ("Content-MD5", "AAAA")]
    recorded = make_example(make_request(), response=make_response(headers=fields, body=HELLO))
    assert sent(recorded) == fields
    assert sent(replace(recorded, edited=True)) == []


def test_a_decoded_recording_loses_the_digests_of_its_coded_bytes() -> None:
    fields = [("Content-Encoding", "gzip"), ("Content-MD5", "AAAA"), ("X-Amz-Checksum-Type", "FULL_OBJECT")]
    recorded = make_example(make_request(), response=make_response(headers=fields, body=gzip.compress(HELLO)))
    assert sent(recorded) == fields
    assert sent(recorded, "identity") == [("X-Amz-Checksum-Type", "FULL_OBJECT")]


@pytest.mark.parametrize("status", [204, 304])
def test_claims_of_an_answer_without_a_body_stay(status: int) -> None:
    fields = [("Content-MD5", "AAAA")]
    assert sent(make_example(literal=False, response=make_response(status, headers=fields, body=b""))) == fields


def test_a_large_body_is_read_for_its_claims() -> None:
    body = BodyRef("0" * 64, 2_000_000)
    response = replace(make_response(headers=[("Content-MD5", "AAAA")]), body=body)
    assert needs_whole_body(make_request(), make_example(literal=False, response=response))
    assert not needs_whole_body(make_request(), make_example(response=response))

"""An example as a text that people edit, and back."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.proxy.operations.collections.example_document import (
    KEPT_BODY,
    apply_changes,
    as_document,
    change_path,
    from_document,
    header_field,
)
from understudy.store.errors import UserError
from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import BodyRef, Headers, Request, Response
from understudy.store.model.mock_servers import Behaviour, Delay, DelayKind, Fault, FaultKind, RateLimit
from understudy.store.model.values import replace

POST = make_request("POST", "/users?a=1", headers=[("Accept", "*/*"), ("X", "")], body=b"asked")
ANSWER = make_response(201, b'{"id": 1}', headers=[("Content-Type", "application/json"), ("X", "1")], reason=b"Made")
EXAMPLE = make_example(POST, name="POST /users", response=ANSWER)
DOCUMENT = """\
name: POST /users
=== request ===
POST /users?a=1
Accept: */*
X:

asked
=== response ===
201 Made
Content-Type: application/json
X: 1

{"id": 1}"""


def bodies(example: Example) -> tuple[bytes, bytes]:
    request_body, response_body = example.request.body, example.response.body
    assert isinstance(request_body, bytes)
    assert isinstance(response_body, bytes)
    return request_body, response_body


def edited(document: str, example: Example = EXAMPLE) -> Example:
    return from_document(document, example, *bodies(example))


def with_change(old: str, new: str, example: Example = EXAMPLE) -> Example:
    """The example after this was replaced in its document."""
    document = as_document(example, *bodies(example))
    assert old in document
    return edited(document.replace(old, new, 1), example)


OURS = ("#", "templates:", "delay:", "bytes-per-second:", "fault:", "rate-limit:")


def test_a_document_is_what_http_writes() -> None:
    document = as_document(EXAMPLE, *bodies(EXAMPLE))
    shown = [line.rstrip() for line in document.splitlines() if not line.startswith(OURS)]
    assert "\n".join(shown) == DOCUMENT


def test_a_document_as_it_is_shown_above_is_read() -> None:
    assert edited(DOCUMENT) == replace(EXAMPLE, edited=True)


REQUESTS = [
    POST,
    make_request(headers=[], body=b""),
    make_request(target=b"/caf\xc3\xa9?\xff"),
    make_request(target="/café"),
    make_request("M-SEARCH", b"*"),
    make_request(headers=[("X-Folded", "a\r\n b"), ("X-Nel", "a\x85b"), (" odd", "  v  ")]),
    make_request(body=b"\xff\x00"),
    make_request(body=b"one\ntwo\n"),
    make_request(body=b"\n"),
    make_request(body=b"dos\r\nlines\r\n"),
    make_request(body=b"=== response ===\n200\n\nno\n"),
    make_request(body=b"many\n\n\n"),
    make_request(headers=[("Content-Encoding", "gzip")], body=gzip.compress(b"asked", mtime=0)),
]
RESPONSES = [
    ANSWER,
    make_response(204, b"", headers=[], reason=b""),
    make_response(999, reason=b"  Request  denied "),
    make_response(reason=b"\xff"),
    make_response(body=b"=== response ===\n"),
    make_response(body=b"=== request ===\n"),
    make_response(body=b"# a comment\nname: no"),
    make_response(headers=[("Content-Encoding", "gzip")], body=gzip.compress(b"\xff", mtime=0)),
    make_response(headers=[("Content-Encoding", "br")], body=b"not so"),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("request_", REQUESTS)
def test_an_untouched_request_is_unchanged(request_: Request, newline: str, end: str) -> None:
    """Whatever an editor does to the ends of lines, and to the end of the file."""
    example = make_example(request_, redacted=[RedactedPlace(Part.JSON, "$.a")])
    document = (as_document(example, *bodies(example)) + end).replace("\r\n", "\n").replace("\n", newline)
    assert edited(document, example) == replace(example, edited=True)


@pytest.mark.parametrize("response", RESPONSES)
def test_an_untouched_response_is_unchanged(response: Response) -> None:
    example = make_example(response=response, sequence="s")
    assert edited(as_document(example, *bodies(example)), example) == replace(example, edited=True)


def test_an_untouched_body_stays_a_reference() -> None:
    ref = BodyRef("d1935", 5)
    example = make_example(replace(POST, body=ref), response=replace(ANSWER, body=ref))
    document = as_document(example, b"12345", b"12345")
    read = from_document(document.replace("201 Made", "202"), example, b"12345", b"12345")
    assert (read.request.body, read.response.body) == (ref, ref)


# What was edited


BEHAVIOUR = Behaviour(Delay(100, DelayKind.UNIFORM, most=300), 512, Fault(FaultKind.RESET, 10), RateLimit(5, 60))


def test_what_it_does_on_purpose_is_shown_and_edited() -> None:
    """In the words of the options."""
    head = "delay: 100-300\nbytes-per-second: 512\nfault: reset:10\nrate-limit: 5/60\n"
    nothing = "delay: none\nbytes-per-second: none\nfault: none\nrate-limit: none\n"
    busy = replace(EXAMPLE, behaviour=BEHAVIOUR)
    assert with_change(nothing, head).behaviour == BEHAVIOUR
    assert with_change(head, nothing, busy).behaviour == Behaviour()


def test_what_is_not_said_of_it_stays() -> None:
    busy = replace(EXAMPLE, behaviour=BEHAVIOUR)
    assert edited(DOCUMENT, busy).behaviour == BEHAVIOUR


def test_a_delay_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match=r"a delay is 2G, 3G, .*, not 'slow'"):
        with_change("delay: none", "delay: slow")


def test_a_name_is_edited() -> None:
    assert with_change("name: POST /users", "name: New user").name == "New user"


def test_a_status_is_edited() -> None:
    assert with_change("201 Made", "503").response == replace(ANSWER, status=503, reason=b"")


def test_a_reason_is_edited() -> None:
    assert with_change("201 Made", "201 Grüß Gott").response.reason == "Grüß Gott".encode("latin-1")


def test_headers_are_edited() -> None:
    response = with_change("X: 1", "Retry-After: 5\nX: 2\nX:3").response
    assert list(response.headers) == [
        ("Content-Type", "application/json"),
        ("Retry-After", "5"),
        ("X", "2"),
        ("X", "3"),
    ]


def test_a_body_is_edited() -> None:
    assert with_change('{"id": 1}', '{"id": "ü"}').response.body == '{"id": "ü"}'.encode()


def test_a_body_that_is_edited_becomes_plain() -> None:
    headers = Headers.of([("Content-Encoding", "gzip"), ("X", "1")])
    coded = replace(EXAMPLE, response=replace(ANSWER, headers=headers, body=gzip.compress(b"old", mtime=0)))
    response = with_change("old", "new", coded).response
    assert (response.body, list(response.headers)) == (b"new", [("X", "1")])


def test_a_body_of_a_request_that_is_edited_becomes_plain() -> None:
    headers = Headers.of([("Content-Encoding", "gzip")])
    coded = replace(EXAMPLE, request=replace(POST, headers=headers, body=gzip.compress(b"old", mtime=0)))
    request = with_change("old", "new", coded).request
    assert (request.body, list(request.headers)) == (b"new", [])


def test_a_coded_body_stays_as_it_is_when_something_else_is_edited() -> None:
    coded = replace(
        EXAMPLE, response=make_response(headers=[("Content-Encoding", "gzip")], body=gzip.compress(b"x", mtime=0))
    )
    response = with_change("200 OK", "500", coded).response
    assert response == replace(coded.response, status=500, reason=b"")


@pytest.mark.parametrize("new", ["", "Content-Encoding: br\n"])
def test_a_body_whose_coding_was_edited_becomes_plain(new: str) -> None:
    """What the text shows is what a client gets."""
    headers = [("Content-Encoding", "gzip"), ("X", "1")]
    coded = replace(EXAMPLE, response=make_response(headers=headers, body=gzip.compress(b"shown", mtime=0)))
    response = with_change("Content-Encoding: gzip\n", new, coded).response
    assert (response.body, list(response.headers)) == (b"shown", [("X", "1")])


def test_the_end_of_a_body_stays_when_its_middle_is_edited() -> None:
    example = replace(EXAMPLE, request=replace(POST, body=b"old\nend\n"))
    assert with_change("old\nend", "new\nend", example).request.body == b"new\nend\n"


def test_a_binary_body_is_kept() -> None:
    binary = replace(EXAMPLE, response=replace(ANSWER, body=b"\xff\x00"))
    assert KEPT_BODY in as_document(binary, *bodies(binary))
    assert with_change("201 Made", "500", binary).response.body == b"\xff\x00"
    assert with_change("X: 1", "Content-Encoding: gzip", binary).response.body == b"\xff\x00"


def test_a_binary_body_can_be_replaced() -> None:
    binary = replace(EXAMPLE, response=replace(ANSWER, body=b"\xff\x00"))
    assert with_change(KEPT_BODY, "text", binary).response.body == b"text"


def test_a_body_can_be_taken_out() -> None:
    assert with_change('{"id": 1}', "").response.body == b""


def test_a_request_line_is_edited() -> None:
    request = with_change("POST /users?a=1", "PUT /users/{{id}}/ü").request
    assert (request.method, request.target) == ("PUT", "/users/{{id}}/ü".encode())


@pytest.mark.parametrize(("old", "new"), [("/users?a=1", "/users"), ("Accept: */*\n", ""), ("asked", "asked!")])
def test_wildcards_are_read_in_a_request_that_was_edited(old: str, new: str) -> None:
    assert EXAMPLE.literal
    assert not with_change(old, new).literal


PARTS = frozenset({"path", "query", "body", "header accept", "header x"})


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("/users?a=1", "/users/1?a=1", {"path"}),
        ("/users?a=1", "/users?a={{a}}", {"query"}),
        ("Accept: */*", "Accept: text/csv", {"header accept"}),
        ("Accept: */*\n", "", {"header accept"}),
        ("Accept: */*", "Accept: */*\nNew: {{x}}", set()),
        ("asked", "{{asked}}", {"body"}),
        ("POST /users?a=1", "PUT /?b=1", {"path", "query"}),
        ("POST /users?a", "PUT /users?a", set()),
    ],
)
def test_the_parts_that_nobody_edited_stay_literal(old: str, new: str, changed: set[str]) -> None:
    """A header that was added is an edited part, too."""
    example = with_change(old, new)
    assert (example.literal, example.unedited) == (False, PARTS - changed)
    assert example.is_literal(EditablePart.PATH) is ("path" not in changed)
    assert not example.is_literal(EditablePart.HEADER, "New")


def test_further_edits_leave_fewer_parts_literal() -> None:
    again = with_change("asked", "{{asked}}", with_change("/users?a=1", "/users?a={{a}}"))
    assert again.unedited == PARTS - {"query", "body"}


def test_an_example_that_was_typed_in_has_no_literal_part() -> None:
    assert with_change("asked", "b", replace(EXAMPLE, literal=False)).unedited == frozenset()


def test_a_path_is_changed_alone() -> None:
    example = change_path(EXAMPLE, "/users/{{id}}")
    assert (example.request.target, example.unedited) == (b"/users/{{id}}?a=1", PARTS - {"path"})
    assert (example.literal, example.edited, example.name) == (False, True, EXAMPLE.name)


@pytest.mark.parametrize("path", ["users", "/a b", "/a?b=1", "/a#b", "/a\n", ""])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(UserError, match=r"^takes a path without query, such as /users/\{\{id\}\}, got ") as raised:
        change_path(EXAMPLE, path)
    assert raised.value.field == "path"


def test_a_response_that_was_edited_leaves_the_request_literal() -> None:
    assert with_change("201 Made", "500").literal


def test_an_edited_example_is_marked() -> None:
    assert with_change("201 Made", "500").edited


def test_the_fingerprint_survives() -> None:
    example = replace(EXAMPLE, fingerprint="f", sequence="s")
    read = with_change("/users?a=1", "/users", example)
    assert (read.id, read.fingerprint, read.sequence) == (example.id, "f", "s")


# Redacted places

HEADER, QUERY, JSON = (
    RedactedPlace(Part.HEADER, "x-key"),
    RedactedPlace(Part.QUERY, "key"),
    RedactedPlace(Part.JSON, "$.key"),
)
SECRETIVE = make_example(
    make_request("POST", "/?key=REDACTED", headers=[("X-Key", "REDACTED")], body=b'{"key": "REDACTED"}'),
    redacted=[HEADER, QUERY, JSON],
)


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("POST /?key=REDACTED", "POST /a?key=REDACTED", {HEADER, QUERY, JSON}),
        ("POST /?key=REDACTED", "POST /?key=mine", {HEADER, JSON}),
        ("X-Key: REDACTED", "X-Key: mine", {QUERY, JSON}),
        ('{"key": "REDACTED"}', '{"key": "mine"}', {HEADER, QUERY}),
        ("200 OK", "500", {HEADER, QUERY, JSON}),
    ],
)
def test_a_value_that_replaces_a_placeholder_is_compared(old: str, new: str, left: set[RedactedPlace]) -> None:
    assert with_change(old, new, SECRETIVE).redacted == left


# What cannot be read


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("=== request ===", "request", "must keep the lines '=== request ===' and '=== response ==='"),
        ("=== response ===", "=== answer ===", "must keep the lines"),
        ("name: POST /users", "", "must begin with a line such as name: GET /users/1 - 200"),
        ("name: POST /users", "name: ", "must begin with a line such as name:"),
        ("POST /users?a=1", "", "the request begins with a line such as GET /users/1, not ''"),
        ("POST /users?a=1", "POST", "not 'POST'"),
        ("POST /users?a=1", "POST users", "not 'POST users'"),
        ("POST /users?a=1", "POST /a b", "not 'POST /a b'"),
        ("POST /users?a=1", "P%ST /users", "not 'P%ST /users'"),
        ("POST /users?a=1", "POST /users HTTP/1.1", "the request begins with"),
        ("201 Made", "", "a status is a number from 200 to 599, not ''"),
        ("201 Made", "199", "not '199'"),
        ("201 Made", "600", "not '600'"),
        ("201 Made", "2²1", "not '2²1'"),
        ("201 Made", "Made", "not 'Made'"),
        ("201 Made", "201 例", "headers and reasons hold Latin-1 characters only, not '例'"),
        ("X: 1", "X", "a header is written Name: value, not 'X'"),
        ("X: 1", ": 1", "a header is written Name: value, not ': ...'"),
        ("X: 1", "A B: 1", "not 'A ...'"),
        ("X: 1", "X: 例", "Latin-1 characters only"),
    ],
)
def test_what_cannot_be_read_is_named(old: str, new: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        with_change(old, new)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lines_that_begin_with_a_number_sign_are_dropped_at_the_top_only() -> None:
    example = make_example(response=make_response(body=b"# kept"))
    document = as_document(example, *bodies(example))
    assert edited(f"# mine\n{document}\n# too", example).response.body == b"# kept\n# too"


# Single changes, for scripts


def test_nothing_else_is_changed() -> None:
    assert apply_changes(EXAMPLE, b'{"id": 1}', name="New") == replace(EXAMPLE, name="New", edited=True)


def test_a_status_changes_the_reason_too() -> None:
    assert apply_changes(EXAMPLE, b"", status=503).response == replace(ANSWER, status=503, reason=b"")


@pytest.mark.parametrize("status", [-1, 0, 100, 199, 600])
def test_a_status_that_is_none_is_refused(status: int) -> None:
    with pytest.raises(UserError, match=f"not '{status}'"):
        apply_changes(EXAMPLE, b"", status=status)


def test_a_body_is_set_without_its_coding() -> None:
    coded = replace(EXAMPLE, response=make_response(headers=[("Content-Encoding", "gzip"), ("X", "1")]))
    response = apply_changes(coded, b"old", body=b"new").response
    assert (response.body, list(response.headers)) == (b"new", [("X", "1")])


def test_a_body_whose_coding_is_taken_out_becomes_plain() -> None:
    coded = replace(EXAMPLE, response=make_response(headers=[("Content-Encoding", "gzip"), ("X", "1")]))
    response = apply_changes(coded, gzip.compress(b"plain", mtime=0), removed_headers=["content-encoding"]).response
    assert (response.body, list(response.headers)) == (b"plain", [("X", "1")])


def test_the_same_body_stays_a_reference() -> None:
    ref = BodyRef("d1935", 5)
    example = replace(EXAMPLE, response=replace(ANSWER, body=ref))
    assert apply_changes(example, b"12345", body=b"12345").response.body == ref


def test_headers_are_set_and_taken_out() -> None:
    response = apply_changes(EXAMPLE, b"", headers=["x: 2", "Retry-After:5"], removed_headers=["content-type"]).response
    assert list(response.headers) == [("X", "2"), ("Retry-After", "5")]


@pytest.mark.parametrize(
    ("line", "field"),
    [("A: b", ("A", "b")), ("A:b", ("A", "b")), ("A:  b: c  ", ("A", "b: c")), ("A:", ("A", "")), ("a: ü", ("a", "ü"))],
)
def test_a_header_as_people_write_it(line: str, field: tuple[str, str]) -> None:
    assert header_field(line) == field


@pytest.mark.parametrize("line", ["", "A", ":", " : b", "A b: c", "A : b", "A: 例"])
def test_a_line_that_is_no_header(line: str) -> None:
    with pytest.raises(UserError):
        header_field(line)

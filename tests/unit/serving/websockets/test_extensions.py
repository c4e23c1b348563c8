"""The extensions that a handshake agrees on."""

from __future__ import annotations

import pytest

from understudy.serving.websockets.extensions import Extensions, UnknownExtension, parse_extensions
from understudy.store.model.messages import Headers


def parse(*values: str) -> Extensions:
    return parse_extensions(Headers.of([("Sec-WebSocket-Extensions", value) for value in values]))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), Extensions()),
        (("",), Extensions()),
        (("permessage-deflate",), Extensions(True)),
        (("Permessage-Deflate ; Client_Max_Window_Bits = 12",), Extensions(True)),
        (('permessage-deflate; server_max_window_bits="10"',), Extensions(True)),
        (("permessage-deflate; server_no_context_takeover",), Extensions(True, True, False)),
        (
            ("permessage-deflate;client_no_context_takeover; server_no_context_takeover",),
            Extensions(True, False, False),
        ),
        (("", "permessage-deflate"), Extensions(True)),
    ],
)
def test_permessage_deflate_is_known(values: tuple[str, ...], expected: Extensions) -> None:
    assert parse(*values) == expected


@pytest.mark.parametrize(
    "value",
    [
        "x-webkit-deflate-frame",
        "permessage-deflate, x-other",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; level=9",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-bzip2",
    ],
)
def test_frames_under_another_agreement_cannot_be_read(value: str) -> None:
    with pytest.raises(UnknownExtension):
        parse(value)

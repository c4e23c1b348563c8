"""Tests of canonical XML; entity bombs are in test_hostile.py."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.open_places import Mark
from understudy.matcher.body_forms.xml_forms import MAX_TAGS, canonicalize_xml


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"<a><b/></a>", b"<a>\n\t<b> </b></a>".replace(b"> <", b"><")),
        (b"<a b='1' c='2'/>", b'<a c="2"  b="1" ></a>'),
        (b"<a>x&#121;</a>", b"<a>xy</a>"),
        (b'<p:a xmlns:p="u" p:b="1"/>', b'<q:a xmlns:q="u" q:b="1"/>'),
        ('<?xml version="1.0" encoding="latin-1"?><a>\u00e9</a>'.encode("latin-1"), "<a>\u00e9</a>".encode()),
        ("<a>\u00e9</a>".encode("utf-16"), "<a>\u00e9</a>".encode()),
        (b"<a>x<!-- note -->y</a>", b"<a>xy</a>"),
    ],
)
def test_equal_documents(one: bytes, other: bytes) -> None:
    """Spellings of one document have one canonical form."""
    assert canonicalize_xml(one) == canonicalize_xml(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"<a>x</a>", b"<a> x</a>"),
        (b"<a> </a>", b"<a/>"),
        (b"<a><b/>x</a>", b"<a>x<b/></a>"),
        (b'<a b="1"/>', b'<a b=" 1"/>'),
        (b'<a b="1"/>', b'<a xmlns:p="u" p:b="1"/>'),
        (b"<a>&lt;b/&gt;</a>", b"<a><b/></a>"),
        (b"<a><?p x?></a>", b"<a><?p y?></a>"),
        (b"<a/>", b"<A/>"),
    ],
)
def test_different_documents(one: bytes, other: bytes) -> None:
    """Different documents have different canonical forms."""
    assert canonicalize_xml(one) != canonicalize_xml(other)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"<a>",
        b"<a/><b/>",
        b"<p:a/>",
        b"<a>&b;</a>",
        b'<?xml version="1.0" encoding="none"?><a/>',
        b"<a>\xff</a>",
    ],
)
def test_body_that_is_not_a_document(body: bytes) -> None:
    """A body that is not a document raises ValueError, and nothing else."""
    with pytest.raises(ValueError):
        canonicalize_xml(body)


def test_size_is_bounded() -> None:
    """A document with too many elements raises ValueError."""
    with pytest.raises(ValueError, match="too many"):
        canonicalize_xml(b"<a>" + b"<b/>" * MAX_TAGS + b"</a>")


SOAP = b'<s:E xmlns:s="u"><s:H>\n <w:Id xmlns:w="v">%b</w:Id>\n</s:H><a><Id>1</Id></a></s:E>'


@pytest.mark.parametrize(
    ("place", "one", "other"),
    [
        ("//Id", SOAP % b"1", SOAP % b"2"),
        ("//w:Id", SOAP % b"1", SOAP % b"<b/>2"),
        ("/E/H/Id", SOAP % b"1", SOAP % b"2"),
        ("//H/Id", SOAP % b"1", SOAP % b"2"),
        ("//b", b"<a><b>1<b>2</b><?p x?></b></a>", b"<a></a>"),
        ("//b", b"<a>x<b/>y</a>", b"<a>xy</a>"),
        ("/a", b"<a b='1'/>", b"<a>2</a>"),
    ],
)
def test_ignored_elements_do_not_count(place: str, one: bytes, other: bytes) -> None:
    """An ignored element may hold anything, or be missing; its prefix does not count."""
    assert canonicalize_xml(one, {place: Mark.IGNORED}) == canonicalize_xml(other, {place: Mark.IGNORED})


@pytest.mark.parametrize(
    ("place", "one", "other"),
    [
        ("/Id", SOAP % b"1", SOAP % b"2"),
        ("/E/Id", SOAP % b"1", SOAP % b"2"),
        ("//a/Id", SOAP % b"1", SOAP % b"2"),
        ("//b", b"<a><b/><c>1</c></a>", b"<a><b/><c>2</c></a>"),
        ("//b", b"<a><b><b/></b>1</a>", b"<a><b><b/></b>2</a>"),
    ],
)
def test_other_elements_count(place: str, one: bytes, other: bytes) -> None:
    """A place names no element elsewhere."""
    assert canonicalize_xml(one, {place: Mark.IGNORED}) != canonicalize_xml(other, {place: Mark.IGNORED})


@pytest.mark.parametrize(
    ("place", "one", "other"),
    [
        ("//Id", SOAP % b"1", SOAP % b"2"),
        ("/E/H/Id", SOAP % b"1", SOAP % b"<![CDATA[2]]>"),
        ("/E/H/Id", SOAP % b"1", SOAP % b"<b/>2"),
        ("/E/H/Id", SOAP % b"1", SOAP % b""),
        ("/a/b", b"<a><b/><c/></a>", b"<a><b>1</b><c/></a>"),
    ],
)
def test_the_content_of_redacted_elements_does_not_count(place: str, one: bytes, other: bytes) -> None:
    assert canonicalize_xml(one, {place: Mark.REDACTED}) == canonicalize_xml(other, {place: Mark.REDACTED})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"<a><b>1</b></a>", b"<a></a>"),
        (b"<a><b>1</b></a>", b"<a><b>1</b><b>1</b></a>"),
        (b"<a><b x='1'>1</b></a>", b"<a><b x='2'>1</b></a>"),
        (b"<a><b>1</b>2</a>", b"<a><b>1</b>3</a>"),
        (b"<a><b>1</b><c>1</c></a>", b"<a><b>1</b><c>2</c></a>"),
    ],
)
def test_a_redacted_element_and_all_around_it_count(one: bytes, other: bytes) -> None:
    assert canonicalize_xml(one, {"/a/b": Mark.REDACTED}) != canonicalize_xml(other, {"/a/b": Mark.REDACTED})

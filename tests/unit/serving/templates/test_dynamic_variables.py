"""Dynamic variables: each name has a value of its kind, which depends on the seed and the time only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from understudy.serving.templates.dynamic_variables import DYNAMIC_VARIABLES

NOON = datetime(2026, 3, 17, 12, 0, 0, 250_000, UTC).timestamp()
TODAY = datetime(2026, 3, 17, tzinfo=UTC)
PAGE = Path(__file__).parents[4] / "docs/templates.md"

WORD = r"\S+"
TEXT = r"\S[^\n]*"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
IMAGE = r"https://loremflickr\.com/640/480/{}\?lock=\d+"
COORDINATE = r"-?\d{1,3}\.\d{4}"
PHONE = r"[2-9]\d\d-[2-9]\d\d-\d{4}"
SHAPES = {
    "$guid": UUID,
    "$timestamp": "1773748800",
    "$isoTimestamp": r"2026-03-17T12:00:00\.250Z",
    "$randomUUID": UUID,
    "$randomAbstractImage": IMAGE.format("abstract"),
    "$randomAlphaNumeric": "[0-9a-z]",
    "$randomBankAccount": r"\d{8}",
    "$randomBankAccountBic": "[A-Z]{6}[A-Z0-9]{2}",
    "$randomBankAccountIban": r"[A-Z]{2}\d\d[A-Z0-9]{11,27}",
    "$randomBankAccountName": "[A-Z][A-Za-z ]+ Account",
    "$randomBitcoin": "[13][1-9A-HJ-NP-Za-km-z]{25,33}",
    "$randomBoolean": "true|false",
    "$randomCatsImage": IMAGE.format("cats"),
    "$randomCommonFileName": r"[a-z_]+\.[a-z0-9]+",
    "$randomCountryCode": "[A-Z]{2}",
    "$randomCreditCardMask": r"\d{4}",
    "$randomCurrencyCode": "[A-Z]{3}",
    "$randomDirectoryPath": "(/[a-z]+)+",
    "$randomDomainName": r"[a-z-]+\.[a-z]+",
    "$randomDomainSuffix": "[a-z]+",
    "$randomEmail": r"[^@\s]+@[a-z]+\.[a-z]+",
    "$randomExampleEmail": r"[^@\s]+@example\.(com|net|org)",
    "$randomFileName": r"[a-z]+\.[a-z0-9]+",
    "$randomFilePath": r"(/[a-z]+)+/[a-z]+\.[a-z0-9]+",
    "$randomFullName": TEXT,
    "$randomHexColor": "#[0-9a-f]{6}",
    "$randomIP": r"\d+\.\d+\.\d+\.\d+",
    "$randomIPV6": "[0-9a-f:]+",
    "$randomImageDataUri": r"data:image/svg\+xml;charset=UTF-8,[^\s\"]+",
    "$randomImageUrl": r"https://loremflickr\.com/640/480\?lock=\d+",
    "$randomInt": r"\d{1,3}|1000",
    "$randomJobTitle": r"\w+ \w+ \w+",
    "$randomLatitude": COORDINATE,
    "$randomLocale": "[a-z]{2}",
    "$randomLongitude": COORDINATE,
    "$randomLoremLines": r".+(\n.+){0,4}",
    "$randomLoremParagraphs": r".+\n.+\n.+",
    "$randomLoremSlug": "[a-z]+(-[a-z]+){2}",
    "$randomLoremText": r"(.|\n)+",
    "$randomLoremWord": "[a-z]+",
    "$randomMACAddress": "[0-9a-f]{2}(:[0-9a-f]{2}){5}",
    "$randomMimeType": r"[a-z]+/\S+",
    "$randomPassword": "[0-9A-Za-z]{15}",
    "$randomPhoneNumber": PHONE,
    "$randomPhoneNumberExt": rf"\d\d-{PHONE}",
    "$randomPhrase": "[A-Z].+!",
    "$randomPrice": r"\d{1,3}\.\d\d|1000\.00",
    "$randomProtocol": "https?",
    "$randomSemver": r"\d\.\d\.\d",
    "$randomUrl": r"https://\S+",
    "$randomUserAgent": r"Mozilla/5\.0 .+",
    "$randomWords": r"\S+( \S+){1,4}",
}


@pytest.mark.parametrize("name", sorted(DYNAMIC_VARIABLES))
def test_value_is_of_its_kind(name: str) -> None:
    """Each name has values of the expected shape, for any random numbers."""
    shape = re.compile(SHAPES.get(name, TEXT))
    for seed in range(50):
        value = DYNAMIC_VARIABLES[name](Random(seed), NOON)
        assert shape.fullmatch(value), value


def test_no_shape_is_left_over() -> None:
    """Every name tested for its shape exists."""
    assert SHAPES.keys() <= DYNAMIC_VARIABLES.keys()


def test_page_lists_every_name() -> None:
    """docs/templates.md has a row for each name, and for no other."""
    rows = re.findall(r"^\| `(\$[A-Za-z0-9]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(DYNAMIC_VARIABLES)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("$randomDatePast", -365, 0), ("$randomDateRecent", -1, 0), ("$randomDateFuture", 1, 366)],
)
def test_dates_count_from_midnight(name: str, first: int, last: int) -> None:
    """A random date is the same at any time of a day, and before or after that day."""
    for seed in range(50):
        value = DYNAMIC_VARIABLES[name](Random(seed), NOON)
        assert value == DYNAMIC_VARIABLES[name](Random(seed), NOON + 3600)
        then = datetime.strptime(value.partition(" (")[0], "%a %b %d %Y %H:%M:%S GMT%z")
        assert timedelta(first) <= then - TODAY <= timedelta(last)


def test_dates_are_written_as_javascript_does() -> None:
    """A date has the format of JavaScript's Date, in UTC, as in Postman."""
    value = DYNAMIC_VARIABLES["$randomDatePast"](Random(0), NOON)
    assert re.fullmatch(r"[A-Z]\w\w [A-Z]\w\w \d\d \d{4} [\d:]{8} GMT\+0000 \(Coordinated Universal Time\)", value)

"""Postman's dynamic variables, all of them: `$guid`, `$timestamp`, `$randomFirstName`, ... and how each gets its value.

The names are those of learning.postman.com, "Use dynamic variables"; the values are of the same kind. Each follows from
the Random and the time alone. Times are UTC, and random ones count from midnight, so that the runs of a day agree.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from string import ascii_letters, digits
from urllib.parse import quote

from understudy.serving.templates import faker_variables
from understudy.serving.templates import word_lists as words
from understudy.serving.templates.faker_variables import FAKED, Make

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DAY = 24 * 60 * 60
IMAGES = "https://loremflickr.com/640/480"


def prepare(names: Iterable[str]) -> None:
    """Load what these names need, ahead of the first answer."""
    if not FAKED.keys().isdisjoint(names):
        faker_variables.load()


def _drawn(draw: Callable[[Random], object]) -> Make:
    return lambda random, _: str(draw(random))


def _one_of(*lists: Sequence[str]) -> Make:
    """One word of each list."""
    return _drawn(lambda random: " ".join(random.choice(each) for each in lists))


def _letters(alphabet: str, length: int) -> Make:
    return _drawn(lambda random: "".join(random.choices(alphabet, k=length)))


def _image(category: str) -> Make:
    path = f"/{category}" if category else ""
    return _drawn(lambda random: f"{IMAGES}{path}?lock={random.randrange(10_000)}")


def _date(first: int, last: int) -> Make:
    """A time between two seconds counted from midnight, as JavaScript writes a Date."""

    def make(random: Random, now: float) -> str:
        midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        then = midnight + timedelta(seconds=random.randint(first, last))
        return then.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")

    return make


def _iso(_random: Random, now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _uuid(random: Random) -> uuid.UUID:
    return uuid.UUID(int=random.getrandbits(128), version=4)


def _bitcoin(random: Random) -> str:
    # Base 58, as addresses of the first two kinds are written.
    return random.choice("13") + "".join(random.choices(BASE58, k=random.randint(25, 33)))


def _phone(random: Random) -> str:
    return f"{random.randint(200, 999)}-{random.randint(200, 999)}-{random.randrange(10_000):04}"


def _semver(random: Random) -> str:
    return ".".join(str(random.randrange(10)) for _ in range(3))


def _user_agent(random: Random) -> str:
    platform, version = random.choice(words.PLATFORMS), random.randint(100, 140)
    if random.random() < 0.5:
        return f"Mozilla/5.0 ({platform}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    return f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"


def _common_file_name(random: Random) -> str:
    name = f"{random.choice(words.ADJECTIVES)}_{random.choice(words.NOUNS)}".replace("-", "_")
    return f"{name}.{random.choice(words.COMMON_FILE_EXTENSIONS)}"


def _phrase(random: Random) -> str:
    phrase = random.choice(words.PHRASES).format(
        abbreviation=random.choice(words.ABBREVIATIONS),
        adjective=random.choice(words.ADJECTIVES),
        noun=random.choice(words.NOUNS),
        verb=random.choice(words.VERBS),
        ingverb=random.choice(words.INGVERBS),
    )
    return phrase[0].upper() + phrase[1:]


def _data_uri(random: Random) -> str:
    size = 'width="640" height="480"'
    color = f"{random.randrange(0x1000000):06x}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect {size} fill="#{color}"/></svg>'
    return f"data:image/svg+xml;charset=UTF-8,{quote(svg)}"


_OWN: Mapping[str, Make] = {
    "$guid": _drawn(_uuid),
    "$timestamp": lambda _random, now: str(int(now)),
    "$isoTimestamp": _iso,
    "$randomUUID": _drawn(_uuid),
    "$randomAbbreviation": _one_of(words.ABBREVIATIONS),
    "$randomAbstractImage": _image("abstract"),
    "$randomAdjective": _one_of(words.ADJECTIVES),
    "$randomAlphaNumeric": _letters(digits + ascii_letters[:26], 1),
    "$randomAnimalsImage": _image("animals"),
    "$randomAvatarImage": _image("face"),
    "$randomBankAccount": _letters(digits, 8),
    "$randomBankAccountName": _drawn(lambda random: f"{random.choice(words.ACCOUNTS)} Account"),
    "$randomBitcoin": _drawn(_bitcoin),
    "$randomBoolean": _one_of(("true", "false")),
    "$randomBusinessImage": _image("business"),
    "$randomCatsImage": _image("cats"),
    "$randomCityImage": _image("city"),
    "$randomColor": _one_of(words.COLORS),
    "$randomCommonFileExt": _one_of(words.COMMON_FILE_EXTENSIONS),
    "$randomCommonFileName": _drawn(_common_file_name),
    "$randomCommonFileType": _one_of(words.COMMON_FILE_TYPES),
    "$randomCreditCardMask": _letters(digits, 4),
    "$randomDatabaseCollation": _one_of(words.DATABASE_COLLATIONS),
    "$randomDatabaseColumn": _one_of(words.DATABASE_COLUMNS),
    "$randomDatabaseEngine": _one_of(words.DATABASE_ENGINES),
    "$randomDatabaseType": _one_of(words.DATABASE_TYPES),
    "$randomDateFuture": _date(DAY, 366 * DAY),
    "$randomDatePast": _date(-365 * DAY, -1),
    "$randomDateRecent": _date(-DAY, -1),
    "$randomDepartment": _one_of(words.DEPARTMENTS),
    "$randomDirectoryPath": _one_of(words.DIRECTORIES),
    "$randomFashionImage": _image("fashion"),
    "$randomFoodImage": _image("food"),
    "$randomHexColor": _drawn(lambda random: f"#{random.randrange(0x1000000):06x}"),
    "$randomImageDataUri": _drawn(_data_uri),
    "$randomImageUrl": _image(""),
    "$randomIngverb": _one_of(words.INGVERBS),
    "$randomInt": _drawn(lambda random: random.randint(0, 1000)),
    "$randomJobArea": _one_of(words.JOB_AREAS),
    "$randomJobDescriptor": _one_of(words.JOB_DESCRIPTORS),
    "$randomJobTitle": _one_of(words.JOB_DESCRIPTORS, words.JOB_AREAS, words.JOB_TYPES),
    "$randomJobType": _one_of(words.JOB_TYPES),
    "$randomLatitude": _drawn(lambda random: f"{random.uniform(-90, 90):.4f}"),
    "$randomLocale": _one_of(words.LANGUAGES),
    "$randomLongitude": _drawn(lambda random: f"{random.uniform(-180, 180):.4f}"),
    "$randomMonth": _one_of(words.MONTHS),
    "$randomNatureImage": _image("nature"),
    "$randomNightlifeImage": _image("nightlife"),
    "$randomNoun": _one_of(words.NOUNS),
    "$randomPassword": _letters(digits + ascii_letters, 15),
    "$randomPeopleImage": _image("people"),
    "$randomPhoneNumber": _drawn(_phone),
    "$randomPhoneNumberExt": _drawn(lambda random: f"{random.randint(10, 99)}-{_phone(random)}"),
    "$randomPhrase": _drawn(_phrase),
    "$randomPrice": _drawn(lambda random: f"{random.uniform(0, 1000):.2f}"),
    "$randomProduct": _one_of(words.PRODUCTS),
    "$randomProductAdjective": _one_of(words.PRODUCT_ADJECTIVES),
    "$randomProductMaterial": _one_of(words.PRODUCT_MATERIALS),
    "$randomProductName": _one_of(words.PRODUCT_ADJECTIVES, words.PRODUCT_MATERIALS, words.PRODUCTS),
    "$randomProtocol": _one_of(("http", "https")),
    "$randomSemver": _drawn(_semver),
    "$randomSportsImage": _image("sports"),
    "$randomTransactionType": _one_of(words.TRANSACTION_TYPES),
    "$randomTransportImage": _image("transport"),
    "$randomUserAgent": _drawn(_user_agent),
    "$randomVerb": _one_of(words.VERBS),
    "$randomWeekday": _one_of(words.WEEKDAYS),
}

DYNAMIC_VARIABLES: Mapping[str, Make] = {**_OWN, **FAKED}
"""How each name gets its value, from an answer's Random and the time in seconds since the epoch."""

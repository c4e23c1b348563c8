"""All of Postman's dynamic variables, such as `$guid`, `$timestamp` and `$randomFirstName`, and their values.

The names are those of learning.postman.com, "Use dynamic variables"; the values are of the same kind. A value depends
only on the Random and the time. Times are UTC; random ones count from midnight, so that the runs of one day agree.
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
from understudy.serving.templates.faker_variables import FAKER_VARIABLES, ValueMaker

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DAY = 24 * 60 * 60
IMAGES = "https://loremflickr.com/640/480"


def prepare(names: Iterable[str]) -> None:
    """Load the modules that these variables need, before the first answer."""
    if not FAKER_VARIABLES.keys().isdisjoint(names):
        faker_variables.load_faker()


def _draw_with(draw: Callable[[Random], object]) -> ValueMaker:
    return lambda random, _: str(draw(random))


def _choose_from(*lists: Sequence[str]) -> ValueMaker:
    """Return a maker of one word of each list."""
    return _draw_with(lambda random: " ".join(random.choice(each) for each in lists))


def _choose_letters(alphabet: str, length: int) -> ValueMaker:
    return _draw_with(lambda random: "".join(random.choices(alphabet, k=length)))


def _draw_image(category: str) -> ValueMaker:
    path = f"/{category}" if category else ""
    return _draw_with(lambda random: f"{IMAGES}{path}?lock={random.randrange(10_000)}")


def _draw_date(first: int, last: int) -> ValueMaker:
    """Return a maker of times between two seconds counted from midnight, in the format of JavaScript's Date."""

    def make(random: Random, now: float) -> str:
        midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        then = midnight + timedelta(seconds=random.randint(first, last))
        return then.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")

    return make


def _format_iso(_random: Random, now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _draw_uuid(random: Random) -> uuid.UUID:
    return uuid.UUID(int=random.getrandbits(128), version=4)


def _draw_bitcoin(random: Random) -> str:
    # Base 58, the form of the first two kinds of addresses.
    return random.choice("13") + "".join(random.choices(BASE58, k=random.randint(25, 33)))


def _draw_phone(random: Random) -> str:
    return f"{random.randint(200, 999)}-{random.randint(200, 999)}-{random.randrange(10_000):04}"


def _draw_semver(random: Random) -> str:
    return ".".join(str(random.randrange(10)) for _ in range(3))


def _draw_user_agent(random: Random) -> str:
    platform, version = random.choice(words.PLATFORMS), random.randint(100, 140)
    if random.random() < 0.5:
        return f"Mozilla/5.0 ({platform}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    return f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"


def _draw_file_name(random: Random) -> str:
    name = f"{random.choice(words.ADJECTIVES)}_{random.choice(words.NOUNS)}".replace("-", "_")
    return f"{name}.{random.choice(words.COMMON_FILE_EXTENSIONS)}"


def _draw_phrase(random: Random) -> str:
    phrase = random.choice(words.PHRASES).format(
        abbreviation=random.choice(words.ABBREVIATIONS),
        adjective=random.choice(words.ADJECTIVES),
        noun=random.choice(words.NOUNS),
        verb=random.choice(words.VERBS),
        ingverb=random.choice(words.INGVERBS),
    )
    return phrase[0].upper() + phrase[1:]


def _draw_data_uri(random: Random) -> str:
    size = 'width="640" height="480"'
    color = f"{random.randrange(0x1000000):06x}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect {size} fill="#{color}"/></svg>'
    return f"data:image/svg+xml;charset=UTF-8,{quote(svg)}"


_OWN_VARIABLES: Mapping[str, ValueMaker] = {
    "$guid": _draw_with(_draw_uuid),
    "$timestamp": lambda _random, now: str(int(now)),
    "$isoTimestamp": _format_iso,
    "$randomUUID": _draw_with(_draw_uuid),
    "$randomAbbreviation": _choose_from(words.ABBREVIATIONS),
    "$randomAbstractImage": _draw_image("abstract"),
    "$randomAdjective": _choose_from(words.ADJECTIVES),
    "$randomAlphaNumeric": _choose_letters(digits + ascii_letters[:26], 1),
    "$randomAnimalsImage": _draw_image("animals"),
    "$randomAvatarImage": _draw_image("face"),
    "$randomBankAccount": _choose_letters(digits, 8),
    "$randomBankAccountName": _draw_with(lambda random: f"{random.choice(words.ACCOUNTS)} Account"),
    "$randomBitcoin": _draw_with(_draw_bitcoin),
    "$randomBoolean": _choose_from(("true", "false")),
    "$randomBusinessImage": _draw_image("business"),
    "$randomCatsImage": _draw_image("cats"),
    "$randomCityImage": _draw_image("city"),
    "$randomColor": _choose_from(words.COLORS),
    "$randomCommonFileExt": _choose_from(words.COMMON_FILE_EXTENSIONS),
    "$randomCommonFileName": _draw_with(_draw_file_name),
    "$randomCommonFileType": _choose_from(words.COMMON_FILE_TYPES),
    "$randomCreditCardMask": _choose_letters(digits, 4),
    "$randomDatabaseCollation": _choose_from(words.DATABASE_COLLATIONS),
    "$randomDatabaseColumn": _choose_from(words.DATABASE_COLUMNS),
    "$randomDatabaseEngine": _choose_from(words.DATABASE_ENGINES),
    "$randomDatabaseType": _choose_from(words.DATABASE_TYPES),
    "$randomDateFuture": _draw_date(DAY, 366 * DAY),
    "$randomDatePast": _draw_date(-365 * DAY, -1),
    "$randomDateRecent": _draw_date(-DAY, -1),
    "$randomDepartment": _choose_from(words.DEPARTMENTS),
    "$randomDirectoryPath": _choose_from(words.DIRECTORIES),
    "$randomFashionImage": _draw_image("fashion"),
    "$randomFoodImage": _draw_image("food"),
    "$randomHexColor": _draw_with(lambda random: f"#{random.randrange(0x1000000):06x}"),
    "$randomImageDataUri": _draw_with(_draw_data_uri),
    "$randomImageUrl": _draw_image(""),
    "$randomIngverb": _choose_from(words.INGVERBS),
    "$randomInt": _draw_with(lambda random: random.randint(0, 1000)),
    "$randomJobArea": _choose_from(words.JOB_AREAS),
    "$randomJobDescriptor": _choose_from(words.JOB_DESCRIPTORS),
    "$randomJobTitle": _choose_from(words.JOB_DESCRIPTORS, words.JOB_AREAS, words.JOB_TYPES),
    "$randomJobType": _choose_from(words.JOB_TYPES),
    "$randomLatitude": _draw_with(lambda random: f"{random.uniform(-90, 90):.4f}"),
    "$randomLocale": _choose_from(words.LANGUAGES),
    "$randomLongitude": _draw_with(lambda random: f"{random.uniform(-180, 180):.4f}"),
    "$randomMonth": _choose_from(words.MONTHS),
    "$randomNatureImage": _draw_image("nature"),
    "$randomNightlifeImage": _draw_image("nightlife"),
    "$randomNoun": _choose_from(words.NOUNS),
    "$randomPassword": _choose_letters(digits + ascii_letters, 15),
    "$randomPeopleImage": _draw_image("people"),
    "$randomPhoneNumber": _draw_with(_draw_phone),
    "$randomPhoneNumberExt": _draw_with(lambda random: f"{random.randint(10, 99)}-{_draw_phone(random)}"),
    "$randomPhrase": _draw_with(_draw_phrase),
    "$randomPrice": _draw_with(lambda random: f"{random.uniform(0, 1000):.2f}"),
    "$randomProduct": _choose_from(words.PRODUCTS),
    "$randomProductAdjective": _choose_from(words.PRODUCT_ADJECTIVES),
    "$randomProductMaterial": _choose_from(words.PRODUCT_MATERIALS),
    "$randomProductName": _choose_from(words.PRODUCT_ADJECTIVES, words.PRODUCT_MATERIALS, words.PRODUCTS),
    "$randomProtocol": _choose_from(("http", "https")),
    "$randomSemver": _draw_with(_draw_semver),
    "$randomSportsImage": _draw_image("sports"),
    "$randomTransactionType": _choose_from(words.TRANSACTION_TYPES),
    "$randomTransportImage": _draw_image("transport"),
    "$randomUserAgent": _draw_with(_draw_user_agent),
    "$randomVerb": _choose_from(words.VERBS),
    "$randomWeekday": _choose_from(words.WEEKDAYS),
}

DYNAMIC_VARIABLES: Mapping[str, ValueMaker] = {**_OWN_VARIABLES, **FAKER_VARIABLES}
"""The maker of each variable; it takes the Random of an answer and the time in seconds since the epoch."""

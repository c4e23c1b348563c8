"""The dynamic variables of Postman whose values Faker makes; Faker is imported when the first one is used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from understudy.serving.templates.word_lists import DIRECTORIES

if TYPE_CHECKING:
    from faker.generator import Generator
    from faker.providers.lorem.la import Provider as Latin

ValueMaker = Callable[[Random, float], str]

# All answers share one Faker, which uses the Random of one answer at a time.
_faker_lock = threading.Lock()


@cache
def load_faker() -> tuple[Generator, Latin]:
    """Return Faker in English, and its lorem ipsum; the first call is too slow for an answer."""
    from faker.factory import Factory
    from faker.providers.lorem.la import Provider

    generator = Factory.create("en_US", use_weighting=False)
    return generator, Provider(generator)


def _call_faker(call: Callable[[Any], Any]) -> ValueMaker:
    def make(random: Random, _now: float) -> str:
        with _faker_lock:
            generator, _ = load_faker()
            generator.random = random
            return str(call(generator))

    return make


def _call_method(name: str) -> ValueMaker:
    return _call_faker(lambda faker: getattr(faker, name)())


def _call_latin(call: Callable[[Latin], Any]) -> ValueMaker:
    return _call_faker(lambda _: call(load_faker()[1]))


def _choose_company_word(phrase: str, place: int) -> ValueMaker:
    """Return a maker of words from one of the lists of Faker's phrases."""

    def choose(faker: Generator) -> Any:
        from faker.providers.company import Provider

        return faker.random.choice(list(getattr(Provider, phrase)[place]))

    return _call_faker(choose)


FAKER_VARIABLES: Mapping[str, ValueMaker] = {
    "$randomBankAccountBic": _call_method("swift8"),
    "$randomBankAccountIban": _call_method("iban"),
    "$randomBs": _call_method("bs"),
    "$randomBsAdjective": _choose_company_word("bsWords", 1),
    "$randomBsBuzz": _choose_company_word("bsWords", 0),
    "$randomBsNoun": _choose_company_word("bsWords", 2),
    "$randomCatchPhrase": _call_method("catch_phrase"),
    "$randomCatchPhraseAdjective": _choose_company_word("catch_phrase_words", 0),
    "$randomCatchPhraseDescriptor": _choose_company_word("catch_phrase_words", 1),
    "$randomCatchPhraseNoun": _choose_company_word("catch_phrase_words", 2),
    "$randomCity": _call_method("city"),
    "$randomCompanyName": _call_method("company"),
    "$randomCompanySuffix": _call_method("company_suffix"),
    "$randomCountry": _call_method("country"),
    "$randomCountryCode": _call_method("country_code"),
    "$randomCurrencyCode": _call_method("currency_code"),
    "$randomCurrencyName": _call_method("currency_name"),
    "$randomCurrencySymbol": _call_method("currency_symbol"),
    "$randomDomainName": _call_method("domain_name"),
    "$randomDomainSuffix": _call_method("tld"),
    "$randomDomainWord": _call_method("domain_word"),
    "$randomEmail": _call_faker(lambda faker: faker.ascii_free_email()),
    "$randomExampleEmail": _call_method("ascii_safe_email"),
    "$randomFileExt": _call_method("file_extension"),
    "$randomFileName": _call_method("file_name"),
    "$randomFilePath": _call_faker(lambda faker: f"{faker.random.choice(DIRECTORIES)}/{faker.file_name()}"),
    "$randomFileType": _call_faker(lambda faker: faker.mime_type().partition("/")[0]),
    "$randomFirstName": _call_method("first_name"),
    "$randomFullName": _call_faker(lambda faker: f"{faker.first_name()} {faker.last_name()}"),
    "$randomIP": _call_method("ipv4"),
    "$randomIPV6": _call_method("ipv6"),
    "$randomLastName": _call_method("last_name"),
    "$randomLoremLines": _call_latin(lambda latin: "\n".join(latin.sentences(latin.random_int(1, 5)))),
    "$randomLoremParagraph": _call_latin(lambda latin: latin.paragraph()),
    "$randomLoremParagraphs": _call_latin(lambda latin: "\n".join(latin.paragraphs(3))),
    "$randomLoremSentence": _call_latin(lambda latin: latin.sentence()),
    "$randomLoremSentences": _call_latin(lambda latin: " ".join(latin.sentences(latin.random_int(2, 6)))),
    "$randomLoremSlug": _call_latin(lambda latin: "-".join(latin.words(3))),
    "$randomLoremText": _call_latin(lambda latin: latin.text()),
    "$randomLoremWord": _call_latin(lambda latin: latin.word()),
    "$randomLoremWords": _call_latin(lambda latin: " ".join(latin.words(3))),
    "$randomMACAddress": _call_method("mac_address"),
    "$randomMimeType": _call_method("mime_type"),
    "$randomNamePrefix": _call_method("prefix"),
    "$randomNameSuffix": _call_method("suffix"),
    "$randomStreetAddress": _call_method("street_address"),
    "$randomStreetName": _call_method("street_name"),
    "$randomUrl": _call_faker(lambda faker: f"https://{faker.domain_name()}"),
    "$randomUserName": _call_method("user_name"),
    "$randomWord": _call_method("word"),
    "$randomWords": _call_faker(lambda faker: " ".join(faker.words(faker.random.randint(2, 5)))),
}

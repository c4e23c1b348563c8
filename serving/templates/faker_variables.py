"""Those of Postman's dynamic variables whose values Faker makes; Faker is imported when the first one is needed."""

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

Make = Callable[[Random, float], str]

# The one Faker is given the Random of each answer in turn.
_turn = threading.Lock()


@cache
def load() -> tuple[Generator, Latin]:
    """Faker in English, and its lorem ipsum. The first call takes longer than an answer may."""
    from faker.factory import Factory
    from faker.providers.lorem.la import Provider

    generator = Factory.create("en_US", use_weighting=False)
    return generator, Provider(generator)


def _made(ask: Callable[[Any], Any]) -> Make:
    def make(random: Random, _now: float) -> str:
        with _turn:
            generator, _ = load()
            generator.random = random
            return str(ask(generator))

    return make


def _method(name: str) -> Make:
    return _made(lambda faker: getattr(faker, name)())


def _latin(ask: Callable[[Latin], Any]) -> Make:
    return _made(lambda _: ask(load()[1]))


def _company_word(phrase: str, place: int) -> Make:
    """A word from one of the lists that Faker's phrases are made of."""

    def ask(faker: Generator) -> Any:
        from faker.providers.company import Provider

        return faker.random.choice(list(getattr(Provider, phrase)[place]))

    return _made(ask)


FAKED: Mapping[str, Make] = {
    "$randomBankAccountBic": _method("swift8"),
    "$randomBankAccountIban": _method("iban"),
    "$randomBs": _method("bs"),
    "$randomBsAdjective": _company_word("bsWords", 1),
    "$randomBsBuzz": _company_word("bsWords", 0),
    "$randomBsNoun": _company_word("bsWords", 2),
    "$randomCatchPhrase": _method("catch_phrase"),
    "$randomCatchPhraseAdjective": _company_word("catch_phrase_words", 0),
    "$randomCatchPhraseDescriptor": _company_word("catch_phrase_words", 1),
    "$randomCatchPhraseNoun": _company_word("catch_phrase_words", 2),
    "$randomCity": _method("city"),
    "$randomCompanyName": _method("company"),
    "$randomCompanySuffix": _method("company_suffix"),
    "$randomCountry": _method("country"),
    "$randomCountryCode": _method("country_code"),
    "$randomCurrencyCode": _method("currency_code"),
    "$randomCurrencyName": _method("currency_name"),
    "$randomCurrencySymbol": _method("currency_symbol"),
    "$randomDomainName": _method("domain_name"),
    "$randomDomainSuffix": _method("tld"),
    "$randomDomainWord": _method("domain_word"),
    "$randomEmail": _made(lambda faker: faker.ascii_free_email()),
    "$randomExampleEmail": _method("ascii_safe_email"),
    "$randomFileExt": _method("file_extension"),
    "$randomFileName": _method("file_name"),
    "$randomFilePath": _made(lambda faker: f"{faker.random.choice(DIRECTORIES)}/{faker.file_name()}"),
    "$randomFileType": _made(lambda faker: faker.mime_type().partition("/")[0]),
    "$randomFirstName": _method("first_name"),
    "$randomFullName": _made(lambda faker: f"{faker.first_name()} {faker.last_name()}"),
    "$randomIP": _method("ipv4"),
    "$randomIPV6": _method("ipv6"),
    "$randomLastName": _method("last_name"),
    "$randomLoremLines": _latin(lambda latin: "\n".join(latin.sentences(latin.random_int(1, 5)))),
    "$randomLoremParagraph": _latin(lambda latin: latin.paragraph()),
    "$randomLoremParagraphs": _latin(lambda latin: "\n".join(latin.paragraphs(3))),
    "$randomLoremSentence": _latin(lambda latin: latin.sentence()),
    "$randomLoremSentences": _latin(lambda latin: " ".join(latin.sentences(latin.random_int(2, 6)))),
    "$randomLoremSlug": _latin(lambda latin: "-".join(latin.words(3))),
    "$randomLoremText": _latin(lambda latin: latin.text()),
    "$randomLoremWord": _latin(lambda latin: latin.word()),
    "$randomLoremWords": _latin(lambda latin: " ".join(latin.words(3))),
    "$randomMACAddress": _method("mac_address"),
    "$randomMimeType": _method("mime_type"),
    "$randomNamePrefix": _method("prefix"),
    "$randomNameSuffix": _method("suffix"),
    "$randomStreetAddress": _method("street_address"),
    "$randomStreetName": _method("street_name"),
    "$randomUrl": _made(lambda faker: f"https://{faker.domain_name()}"),
    "$randomUserName": _method("user_name"),
    "$randomWord": _method("word"),
    "$randomWords": _made(lambda faker: " ".join(faker.words(faker.random.randint(2, 5)))),
}

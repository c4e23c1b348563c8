"""Reports of redaction."""

from __future__ import annotations

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.redaction.report import count_places, describe_redaction, format_places


def test_the_report_counts_messages_by_place() -> None:
    requests = {RedactedPlace(Part.HEADER, "authorization"): 12, RedactedPlace(Part.QUERY, "api_key"): 1}
    responses = {RedactedPlace(Part.HEADER, "set-cookie"): 3, RedactedPlace(Part.JSON, "$.access_token"): 1}
    assert describe_redaction(requests, responses) == (
        "Authorization header in 12 requests, api_key query value in 1 request, "
        "Set-Cookie value in 3 responses, $.access_token in 1 response"
    )


def test_the_report_holds_no_control_characters() -> None:
    assert (
        describe_redaction({RedactedPlace(Part.FORM, "a\n\udcff[token]"): 1}, {})
        == "a%0A%FF[token] form value in 1 request"
    )


def test_thousands_of_places_are_counted_by_name() -> None:
    """`promote` printed a line of 829 KB."""
    places = {RedactedPlace(Part.JSON, f"$['user {n}'].password"): 1 for n in range(5000)}
    others = {RedactedPlace(Part.JSON, f"$.pin_{chr(97 + n)}"): 2 for n in range(12)}
    report = describe_redaction({RedactedPlace(Part.QUERY, "key"): 1}, places | others)
    assert report.startswith(
        "key query value in 1 request, $..password at 5000 places of responses, $..pin_a at 1 place of responses, "
    )
    assert report.endswith("$..pin_i at 1 place of responses, and 3 more of responses")


def test_names_that_differ_in_numbers_are_counted_together() -> None:
    places = {RedactedPlace(Part.JSON, f"$.keys[*].api_key_{n}"): 1 for n in range(20)}
    assert describe_redaction({}, places) == "$..api_key_* at 20 places of responses"
    elements = {RedactedPlace(Part.XML, f"/list/item{n}/Password"): 1 for n in range(20)}
    assert describe_redaction(elements, {}) == "//Password at 20 places of requests"


def test_a_long_name_is_cut() -> None:
    report = describe_redaction({RedactedPlace(Part.FORM, f"{'a' * 100_000}_token"): 1}, {})
    assert report == f"{'a' * 80}… form value in 1 request"


def test_programs_get_the_exact_places_of_a_small_document() -> None:
    places = {RedactedPlace(Part.JSON, f"$.a[*].token{n}"): n for n in range(1, 100)}
    assert count_places(places) == {f"json {place.name}": number for place, number in places.items()}


def test_programs_get_counts_by_name_of_a_large_document() -> None:
    places = {RedactedPlace(Part.JSON, f"$.u{n}.password"): 2 for n in range(3000)}
    names = {RedactedPlace(Part.FORM, f"{chr(97 + n % 26)}{chr(97 + n // 26)}_token"): 1 for n in range(120)}
    counted = count_places(places | names)
    assert counted["json $..password"] == 6000
    assert len(counted) == 101
    assert counted["others"] == 21


def test_an_empty_report_is_nothing() -> None:
    assert describe_redaction({}, {}) == "nothing"


def test_the_places_of_one_message_are_named_once() -> None:
    places = {
        RedactedPlace(Part.PATH, "REDACTED-0123456789ab"),
        RedactedPlace(Part.TEXT, "tok_[a-z]+"),
        RedactedPlace(Part.TEXT, ""),
    }
    assert format_places({*places, RedactedPlace(Part.HEADER, "x-api-key")}) == (
        "X-Api-Key header, part of the path, part of the text"
    )
    many = {RedactedPlace(Part.FORM, f"token{n:02}") for n in range(13)}
    assert format_places(many).endswith("token09 form value, and 3 more")

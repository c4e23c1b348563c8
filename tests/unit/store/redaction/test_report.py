"""Reports of redaction."""

from __future__ import annotations

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.redaction.report import describe_redaction, format_places


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
    others = {RedactedPlace(Part.JSON, f"$.pin_{n:02}"): 2 for n in range(12)}
    report = describe_redaction({RedactedPlace(Part.QUERY, "key"): 1}, places | others)
    assert report.startswith(
        "key query value in 1 request, $..password at 5000 places of responses, $..pin_00 at 1 place of responses, "
    )
    assert report.endswith("$..pin_08 at 1 place of responses, and 3 more of responses")


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

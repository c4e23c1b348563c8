"""Delays, faults and rate limits as people write them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from understudy.proxy.operations.collections import behaviour_text
from understudy.store.errors import UserError
from understudy.store.model.mock_servers import PRESETS, Delay, DelayKind, Fault, FaultKind, RateLimit


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("2G", PRESETS["2G"]),
        ("3g", PRESETS["3G"]),
        ("1", Delay(1)),
        ("180000", Delay(180_000)),
        ("100-300", Delay(100, DelayKind.UNIFORM, most=300)),
        ("100-100", Delay(100)),
        ("lognormal:200:0.5", Delay(200, DelayKind.LOGNORMAL, sigma=0.5)),
        ("LogNormal:1:5", Delay(1, DelayKind.LOGNORMAL, sigma=5.0)),
    ],
)
def test_a_delay(text: str, delay: Delay) -> None:
    assert behaviour_text.read_delay(text) == delay


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "180001", "4G", "-1", "1.5", "1s", "300-100", "0-5", "1-180001", "²", "none", "1 ", "1\n"),
        *("lognormal:0:1", "lognormal:9:0", "lognormal:9:5.1", "lognormal:9", "lognormal:9:-1"),
    ],
)
def test_no_delay(text: str) -> None:
    told = "a delay is 2G, 3G, milliseconds from 1 to 180000, a range such as 100-300, or lognormal:MEDIAN:SIGMA, not "
    with pytest.raises(UserError, match=re.escape(told + repr(text))):
        behaviour_text.read_delay(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reset", Fault(FaultKind.RESET)),
        ("EMPTY:100", Fault(FaultKind.EMPTY)),
        ("garbage:2.5", Fault(FaultKind.GARBAGE, 2.5)),
        ("cut:10%", Fault(FaultKind.CUT, 10)),
        ("error:0.001", Fault(FaultKind.ERROR, 0.001)),
    ],
)
def test_a_fault(text: str, fault: Fault) -> None:
    assert behaviour_text.read_fault(text) == fault


@pytest.mark.parametrize("text", ["", "boom", "reset:", "reset:0", "reset:101", "reset:-1", "reset:a", "reset:10:2"])
def test_no_fault(text: str) -> None:
    told = r"a fault is one of reset, empty, garbage, cut, error, with a percentage of calls .*: reset:10; not "
    with pytest.raises(UserError, match=told + re.escape(repr(text))):
        behaviour_text.read_fault(text)


@pytest.mark.parametrize(
    ("text", "limit"), [("10/60", RateLimit(10, 60)), ("1/1", RateLimit(1, 1)), ("5/86400", RateLimit(5, 86_400))]
)
def test_a_rate_limit(text: str, limit: RateLimit) -> None:
    assert behaviour_text.read_rate_limit(text) == limit


@pytest.mark.parametrize("text", ["", "10", "0/60", "10/0", "10/86401", "a/b", "10/60/1", "1.5/1"])
def test_no_rate_limit(text: str) -> None:
    told = f"a rate limit is CALLS/SECONDS, such as 10/60, at most 86400 seconds, not {text!r}"
    with pytest.raises(UserError, match=re.escape(told)):
        behaviour_text.read_rate_limit(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "1k"])
def test_no_number_of_bytes_per_second(text: str) -> None:
    with pytest.raises(UserError, match="bytes per second are a whole number from 1, not "):
        behaviour_text.read_bytes_per_second(text)


@pytest.mark.parametrize(("text", "timing"), [("recorded", 1.0), ("none", 0.0), ("2x", 0.5), ("0.5x", 2.0)])
def test_a_timing_multiplies_recorded_times(text: str, timing: float) -> None:
    assert behaviour_text.read_timing(text) == timing


@pytest.mark.parametrize("text", ["", "2", "x", "0x", "-1x", "1001x", "fast"])
def test_no_timing(text: str) -> None:
    told = f"a timing is recorded, none, or how many times as fast, such as 2x or 0.5x, not {text!r}"
    with pytest.raises(UserError, match=re.escape(told)):
        behaviour_text.read_timing(text)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        *(("delay", text) for text in ("2G", "3G", "250", "100-300", "lognormal:200:0.5", "lognormal:200:1")),
        *(("fault", text) for text in ("reset", "cut:2.5")),
        ("rate_limit", "10/60"),
        ("bytes_per_second", "512"),
        *(("timing", text) for text in ("recorded", "none", "2x", "0.5x", "3x", "1000x")),
    ],
)
def test_what_is_shown_can_be_typed(what: str, text: str) -> None:
    read: Any = getattr(behaviour_text, f"read_{what}")
    told: Any = getattr(behaviour_text, f"{what}_text")
    assert told(read(text)) == text


@pytest.mark.parametrize("what", ["delay", "fault", "rate_limit", "bytes_per_second"])
def test_nothing_is_none(what: str) -> None:
    told: Any = getattr(behaviour_text, f"{what}_text")
    assert told(None) == "none"

"""Each kind of value: read, bounded, shown again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.config.values import (
    KINDS,
    Address,
    Bytes,
    Percent,
    Seconds,
    Secret,
    absolute,
    address,
    choice,
    duration,
    name,
    percent,
    rule,
    secret,
    show_duration,
    show_percent,
    show_size,
    size,
    switch,
    whole,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("10s", 10), ("5m", 300), ("1.5h", 5400), ("1h30m", 5400), ("7d", 604800), ("0s", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    """A number and its unit, or several of them, are seconds."""
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("512MiB", 512 << 20), ("512 MiB", 512 << 20), ("1.5KiB", 1536), ("1MB", 10**6), ("0B", 0), ("2TiB", 2 << 40)],
)
def test_sizes(text: str, count: int) -> None:
    """Binary and decimal units mean what they say."""
    assert size(text) == count


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (duration, "100", r"`100s`\?"),
        (duration, "10 s", "no duration"),
        (duration, "-5s", "no duration"),
        (duration, "1e9s", "no duration"),
        (duration, "5min", "no duration"),
        (duration, "", "no duration"),
        (duration, "9" * 400 + "s", "no duration"),
        (duration, "\u0661s", "no duration"),
        (size, "512M", r"`512MiB`\?"),
        (size, "512", r"`512MiB`\?"),
        (size, "1EiB", "no size"),
        (size, "-1B", "no size"),
        (percent, "5", r"`5%`\?"),
        (percent, "%", "no percentage"),
        (whole, "1.5", "no whole number"),
        (whole, "-1", "no whole number"),
        (whole, "1" * 5000, "no whole number"),
        (switch, "2", "neither"),
        (absolute, "srv/models", "begin with `/`"),
        (absolute, "/a\nb", "holds characters"),
        (absolute, "/" + "x" * 5000, "longer than"),
        (name, "two words", "no name"),
        (name, "../x", "no name"),
        (rule, "Runs As Root", "no rule id"),
        (address, ":9100", "names no address"),
        (address, "example.org:9100", "names are not resolved"),
        (address, "127.0.0.1", "names no address"),
        (address, "127.0.0.1:0", "no port"),
        (address, "127.0.0.1:65536", "no port"),
        (address, "127.0.0.1:+80", "no port"),
        (secret, "file:relative", "full path"),
        (secret, "credential:../etc/shadow", "letters, digits"),
    ],
)  # fmt: skip
def test_mistakes_are_answered_with_how_to_write_it(parse: object, text: str, words: str) -> None:
    """What is wrong is refused in words that help."""
    assert callable(parse)
    with pytest.raises(ValueError, match=words):
        parse(text)


def test_switches() -> None:
    """YAML's other words for true and false are understood."""
    assert [switch(word) for word in ("true", "Yes", "on", "false", "No", "off")] == [True] * 3 + [False] * 3


@pytest.mark.parametrize(
    ("text", "expected", "loopback"),
    [
        ("127.0.0.1:9", Address("127.0.0.1", 9), True),
        ("localhost:9", Address("127.0.0.1", 9), True),
        ("[::1]:9", Address("::1", 9), True),
        ("0.0.0.0:9", Address("0.0.0.0", 9), False),
        ("[2001:DB8::1]:9", Address("2001:db8::1", 9), False),
    ],
)
def test_addresses(text: str, expected: Address, loopback: bool) -> None:
    """Both families are read; what only this host reaches is known."""
    found = address(text)

    assert (found, found.loopback) == (expected, loopback)
    assert address(str(found)) == found


def test_a_secret_is_a_place() -> None:
    """Where it lies is read; a secret itself is refused and not repeated."""
    assert secret("file:/etc/x") == Secret(file="/etc/x")
    assert secret("credential:token") == Secret(credential="token")
    assert str(secret("credential:token")) == "credential:token"
    for text in ("hunter2", "file:hunter2", "credential:hunter2!", "token:hunter2"):
        with pytest.raises(ValueError, match=r".") as caught:
            secret(text)
        assert "hunter2" not in str(caught.value)


def test_choices_name_the_nearest() -> None:
    """Of a few words the nearest is offered."""
    with pytest.raises(ValueError, match="did you mean `console`"):
        choice(("json", "console")).parse("consol")


@given(st.integers(0, 10**9))
def test_durations_are_shown_as_they_may_be_written(milliseconds: int) -> None:
    """What is shown reads back as the same."""
    assert duration(show_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.integers(0, 1 << 50), st.integers(0, 10**6))
def test_sizes_and_percentages_are_shown_as_they_may_be_written(count: int, hundredths: int) -> None:
    """What is shown reads back as the same."""
    assert size(show_size(count)) == count
    assert percent(show_percent(hundredths / 100)) == hundredths / 100


@given(st.sampled_from(sorted(KINDS, key=str)), st.text(max_size=30) | st.from_regex(r"[0-9.:]{0,9}[a-zA-Z%]{0,3}"))
def test_any_text_is_a_value_or_a_refusal(kind: object, text: str) -> None:
    """No text raises anything but ValueError, and every message is one line."""
    try:
        value = KINDS[kind].parse(text)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert KINDS[kind].parse(KINDS[kind].show(value)) == value


def test_types_are_told_apart() -> None:
    """Each typed number has its own way to be written."""
    shown = [KINDS[kind].show(KINDS[kind].parse(KINDS[kind].like)) for kind in (Seconds, Bytes, Percent)]

    assert shown == ["10s", "512MiB", "5%"]

"""Closed sets of label values, and what becomes of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_examples import VOCABULARY

from aiguard_agent.metrics.catalogue import catalogue
from aiguard_agent.metrics.labels import FIXED, LONGEST, OTHER, bounded, clean

ENGINES = sorted(VOCABULARY.engine)


def test_known_values_stay() -> None:
    """Below the limit, every series is told as it is, in order."""
    series = [(("vllm", "false"), 2.0), (("ollama", "true"), 1.0)]

    told = bounded(series, ("engine", "approved"), 10, VOCABULARY)

    assert list(told.items()) == [(("ollama", "true"), 1.0), (("vllm", "false"), 2.0)]


def test_unknown_values_are_counted_as_other() -> None:
    """A value outside its set never becomes a label, whoever wrote it."""
    told = bounded([(('x"} 1\n',), 2.0), (("/home/alice",), 3.0)], ("engine",), 10, VOCABULARY)

    assert told == {(OTHER,): 5.0}


@pytest.mark.parametrize(("merge", "expected"), [(sum, 3.0), (min, 1.0), (max, 2.0)])
def test_merging_is_the_metrics_own(merge: object, expected: float) -> None:
    """Counts add up; of states the worst is told."""
    told = bounded([(("a",), 1.0), (("b",), 2.0)], ("watcher",), 10, VOCABULARY, merge)  # type: ignore[arg-type]

    assert told == {(OTHER,): expected}


def test_the_largest_stay_themselves() -> None:
    """Over the limit, those with most behind them keep their names and the rest is `other`."""
    series = [((name, "false"), float(number)) for number, name in enumerate(ENGINES[:10])]

    told = bounded(series, ("engine", "approved"), 4, VOCABULARY)

    assert set(told) == {*((name, "false") for name in ENGINES[7:10]), (OTHER, "false")}
    assert told[OTHER, "false"] == sum(range(7))


def test_counters_keep_their_place() -> None:
    """With `largest` off, who keeps a name does not depend on the numbers."""
    kept = [
        set(
            bounded(
                [((name,), value(at)) for at, name in enumerate(ENGINES[:9])], ("engine",), 4, VOCABULARY, largest=False
            )
        )
        for value in (float, lambda at: 100.0 - at)
    ]

    assert kept[0] == kept[1] == {*((name,) for name in ENGINES[:3]), (OTHER,)}


@given(
    st.dictionaries(
        st.tuples(st.sampled_from([*ENGINES[:40], "?", "x" * 999]), st.sampled_from([*FIXED["approved"], "\x00"])),
        st.integers(0, 1000),
        max_size=200,
    ),
    st.integers(5, 60),
)
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_and_nothing_is_over(series: dict[tuple[str, str], int], limit: int) -> None:
    """Whatever is seen: at most `limit` series, and the sum by the second label is what it was."""
    told = bounded(series.items(), ("engine", "approved"), limit, VOCABULARY)

    assert len(told) <= limit
    for state in (*FIXED["approved"], OTHER):
        before = sum(v for k, v in series.items() if (k[1] if k[1] in FIXED["approved"] else OTHER) == state)
        assert sum(value for key, value in told.items() if key[1] == state) == before


def test_every_label_is_declared() -> None:
    """Each label of each metric has a closed set, but for the texts of the info metric."""
    labels = {label for spec in catalogue() if spec.kind != "info" for label in spec.labels}

    assert labels
    assert all(label in FIXED or VOCABULARY.allowed(label) for label in labels)


def test_undeclared_labels_are_refused() -> None:
    """A label that nobody declared is a mistake of ours, not a series."""
    with pytest.raises(KeyError):
        VOCABULARY.allowed("pid")


@given(st.text(st.characters(codec=None, categories=["L", "Cc", "Cs", "P"])))
@settings(max_examples=60, deadline=None)
def test_clean_texts_can_be_sent(text: str) -> None:
    """Any text comes out short, on one line and encodable."""
    cleaned = clean(text)

    assert 1 <= len(cleaned) <= LONGEST
    assert cleaned.isprintable()
    assert cleaned.encode()

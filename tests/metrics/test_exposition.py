"""Bytes of an exposition, and which of the two formats a scraper gets."""

from __future__ import annotations

import gzip
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_examples import VOCABULARY, agent, crowded, ordinary
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aiguard_agent.metrics.exposition import Form, accepts_gzip, compress, negotiate, render
from aiguard_agent.metrics.families import estate_families, self_families

PROMTOOL = shutil.which("promtool")
FAMILIES = (*estate_families(ordinary(), VOCABULARY), *self_families(agent(), VOCABULARY))
PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.PLAIN),
        ("*/*", Form.PLAIN),
        ("text/plain", Form.PLAIN),
        (PROMETHEUS_2_42, Form.OPENMETRICS),
        (PROMETHEUS_3, Form.OPENMETRICS),
        ("application/openmetrics-text", Form.OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=1.0.0", Form.OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0", Form.PLAIN),
        ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.8", Form.PLAIN),
        ("application/openmetrics-text;version=2.0.0", Form.PLAIN),
        ("application/openmetrics-text;q=nonsense", Form.PLAIN),
        ("application/json", Form.PLAIN),
    ],
)
def test_the_scraper_chooses(accept: str, form: Form) -> None:
    """OpenMetrics for who prefers it, plain text for everybody else."""
    assert negotiate(accept) is form


@given(st.text(max_size=80))
@settings(max_examples=80, deadline=None)
def test_any_header_gets_an_answer(header: str) -> None:
    """No header is so odd that there is no format for it."""
    assert negotiate(header) in Form
    assert accepts_gzip(header) in (True, False)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("", False),
        ("gzip;q=0", False),
        ("gzipped", False),
        ("br", False),
    ],
)
def test_gzip_only_for_who_takes_it(header: str, expected: bool) -> None:
    """A body is compressed when the scraper says so."""
    assert accepts_gzip(header) is expected


def test_compressed_is_the_same_text() -> None:
    """What comes out of gzip is what went in, and much smaller on the wire."""
    text = render(FAMILIES)

    assert gzip.decompress(compress(text)) == text
    assert len(compress(text)) < len(text) / 4


def test_openmetrics_is_read_by_its_own_parser() -> None:
    """The strict parser takes the OpenMetrics form, to the end mark."""
    text = render(FAMILIES, Form.OPENMETRICS).decode()

    assert text.endswith("# EOF\n")
    assert len(list(text_string_to_metric_families(text))) == len(FAMILIES)


def test_equal_values_are_equal_bytes() -> None:
    """The order of series does not depend on hashing or on the order of what was seen."""
    again = (*estate_families(ordinary(), VOCABULARY), *self_families(agent(), VOCABULARY))

    assert render(again) == render(FAMILIES)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt install prometheus")
@pytest.mark.parametrize("crowd", [False, True], ids=["ordinary", "crowded"])
def test_promtool_has_nothing_to_say(crowd: bool) -> None:
    """`promtool check metrics` finds no fault in names, helps and types."""
    estate = estate_families(crowded(2000) if crowd else ordinary(), VOCABULARY)
    text = render((*estate, *self_families(agent(names=20 * crowd), VOCABULARY)))

    done = subprocess.run([str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, check=False, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

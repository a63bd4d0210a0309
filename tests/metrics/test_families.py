"""Values to families: what is counted where, and that it never grows over its limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from metric_examples import NOW, VOCABULARY, agent, crowded, model, ordinary, report, server
from prometheus_client.parser import text_string_to_metric_families

from aiguard_agent.core.assets import AuthState
from aiguard_agent.core.facts import CollectorRun, Listener, Scope
from aiguard_agent.metrics.catalogue import SERIES, catalogue
from aiguard_agent.metrics.exposition import render
from aiguard_agent.metrics.families import Families, estate_families, exposure, self_families
from aiguard_agent.metrics.selfreport import OutputNumbers, SelfReport, WatcherNumbers

BARE = SelfReport(version="1", python="3")
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(families: Families) -> Series:
    """Return what an independent parser reads in the exposition."""
    found: Series = {}
    for family in text_string_to_metric_families(render(families).decode()):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def value(told: Series, name: str, **labels: str) -> float | None:
    return told.get((name, frozenset(labels.items())))


def test_an_ordinary_host() -> None:
    """Servers, models, findings and blind spots are counted under the right labels."""
    told = series(estate_families(ordinary(), VOCABULARY))

    assert value(told, "aiguard_model_servers", engine="ollama", approved="false", exposure="any") == 1
    assert value(told, "aiguard_model_servers", engine="vllm", approved="true", exposure="loopback") == 1
    assert value(told, "aiguard_model_servers_by_auth", auth="none") == 1
    assert value(told, "aiguard_models", format="gguf", approved="false") == 1
    assert value(told, "aiguard_model_bytes") == 1000
    assert value(told, "aiguard_findings_open", rule="exposed-no-auth", severity="critical") == 1
    assert value(told, "aiguard_findings_open", rule="runs-as-root", severity="low") is None
    assert value(told, "aiguard_findings", severity="low", state="waived") == 1
    assert value(told, "aiguard_findings", severity="medium", state="open") == 0
    assert value(told, "aiguard_blind_spots", collector="processes", kind="denied") == 3
    assert value(told, "aiguard_last_scan_timestamp_seconds") == NOW
    assert value(told, "aiguard_last_scan_duration_seconds") == 1.5


def test_no_inventory_is_not_disapproval() -> None:
    """Where nothing was compared, assets are neither approved nor shadow."""
    told = series(estate_families(report((server(1, "ollama"),), (model(1),)), VOCABULARY))

    assert value(told, "aiguard_model_servers", engine="ollama", approved="unknown", exposure="loopback") == 1
    assert value(told, "aiguard_models", format="gguf", approved="unknown") == 1


@pytest.mark.parametrize(
    ("scopes", "isolated", "expected"),
    [
        ((), False, "none"),
        ((), True, "none"),
        ((Scope.UNIX,), False, "unix"),
        ((Scope.LOOPBACK, Scope.UNIX), False, "loopback"),
        ((Scope.LOOPBACK, Scope.ANY, Scope.PRIVATE), False, "any"),
        ((Scope.PUBLIC, Scope.PRIVATE), False, "public"),
        ((Scope.ANY,), True, "isolated"),
    ],
)
def test_the_widest_socket_counts(scopes: tuple[Scope, ...], isolated: bool, expected: str) -> None:
    """A server is as exposed as its widest socket, and no further than its namespace lets it."""
    listeners = tuple(Listener(family="tcp4", address="x", port=1, scope=scope) for scope in scopes)

    assert exposure(replace(server(1, "ollama"), listeners=listeners, isolated=isolated)) == expected


def test_a_crowded_host_stays_below_500_series() -> None:
    """5,000 servers, 5,000 models, words nobody knows in every place: at most 500 series, and nothing is lost."""
    host = crowded(5000)
    told = series((*estate_families(host, VOCABULARY), *self_families(agent(names=50), VOCABULARY)))

    assert 350 < len(told) <= SERIES
    servers = {labels: count for (name, labels), count in told.items() if name == "aiguard_model_servers"}
    assert sum(servers.values()) == 5000
    assert any(("engine", "other") in labels for labels in servers)
    shadow = sum(state.state.value == "shadow" for one, state in host.approvals.items() if "@" in one)
    assert sum(count for labels, count in servers.items() if ("approved", "false") in labels) == shadow
    assert sum(count for (name, _), count in told.items() if name == "aiguard_models") == 5000


def test_the_crowd_brings_no_words_of_its_own() -> None:
    """Every label value of a crowded host stands in a closed set."""
    families = (*estate_families(crowded(600), VOCABULARY), *self_families(agent(names=5), VOCABULARY))
    seen = {
        (label, text) for (name, labels) in series(families) for label, text in labels if name != "aiguard_build_info"
    }

    assert len(seen) > 100
    assert {
        (label, text)
        for label, text in seen
        if text != "other" and label != "le" and text not in VOCABULARY.allowed(label)
    } == set()


def test_a_whole_agent_tells_every_metric() -> None:
    """Each metric of the catalogue is in the exposition of a whole agent, with its type, labels and help."""
    families = (*estate_families(ordinary(), VOCABULARY), *self_families(agent(), VOCABULARY))
    told = {f.name: f for f in text_string_to_metric_families(render(families).decode())}

    assert len(told) == len(catalogue())
    for spec in catalogue():
        family = told[spec.name.removesuffix("_total")]
        assert family.documentation == spec.help
        assert family.type == ("gauge" if spec.kind == "info" else spec.kind)
        labels = {frozenset(sample.labels) - {"le"} for sample in family.samples}
        assert labels == {frozenset(spec.labels)}


def test_what_is_not_there_is_not_told_as_zero() -> None:
    """Without ledger, watchers and outputs there are no series about them."""
    told = series(self_families(BARE, VOCABULARY))

    assert {name for name, _labels in told} == {"aiguard_build_info"}


def test_of_many_the_worst_is_told() -> None:
    """Where states are merged into `other`, one that fails is not hidden by those that do not."""
    own = replace(
        BARE,
        watchers=(WatcherNumbers(name="a", up=True), WatcherNumbers(name="b", up=False)),
        collectors=(CollectorRun(name="x", seconds=1, ok=False), CollectorRun(name="y", seconds=1, ok=True)),
        outputs=(OutputNumbers(name="o", oldest=5.0, pending=3), OutputNumbers(name="p", oldest=9.0, pending=7)),
    )

    told = series(self_families(own, VOCABULARY))

    assert value(told, "aiguard_watcher_up", watcher="other") == 0
    assert value(told, "aiguard_collector_success", collector="other") == 0
    assert value(told, "aiguard_spool_oldest_event_timestamp_seconds", output="other") == 5
    assert value(told, "aiguard_spool_pending_events", output="other") == 7


def test_hostile_texts_are_harmless() -> None:
    """A version or an id with quotes, newlines and half characters forges no label and no second sample."""
    evil = 'x"} 1\naiguard_findings_open{rule="shadow-server"} 99\n\\\udcff'
    own = replace(BARE, version=evil, revision=evil)
    shown = replace(server(1, evil, auth=AuthState.NONE), product=evil)

    told = series((*estate_families(report((shown,), (model(1, evil),)), VOCABULARY), *self_families(own, VOCABULARY)))

    assert not [name for name, _labels in told if name == "aiguard_findings_open"]
    assert value(told, "aiguard_model_servers", engine="other", approved="unknown", exposure="loopback") == 1
    [labels] = [dict(labels) for name, labels in told if name == "aiguard_build_info"]
    assert labels["version"].startswith('x"} 1?aiguard')


def test_histograms_add_up() -> None:
    """Buckets rise, the last one is the count, the sum is the time."""
    told = series(self_families(agent(), VOCABULARY))
    buckets = [
        value(told, "aiguard_scan_duration_seconds_bucket", phase="whole", le=le)
        for le in ("0.1", "0.5", "2.5", "+Inf")
    ]

    assert buckets == [0, 1, 2, 2]
    assert value(told, "aiguard_scan_duration_seconds_count", phase="whole") == 2
    assert value(told, "aiguard_scan_duration_seconds_sum", phase="whole") == 2.3

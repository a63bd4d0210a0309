"""The hall: carrying values from room to room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent import agent
from aiguard_agent.agent import ScanOptions, all_rules, enabled_rules, scan
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.errors import DocumentError
from recorded_host import RecordedHost, gguf


@pytest.fixture
def host(tmp_path: Path) -> RecordedHost:
    host = RecordedHost(tmp_path / "h", hostname="h1")
    host.write("/models/a.gguf", gguf("A"))
    host.process(10, ["/usr/local/bin/ollama", "serve"], listen=["127.0.0.1:11434"], mapped=["/models/a.gguf"])
    host.answer(10, 11434, "/", body="Ollama is running")
    return host


def test_a_scan_carries_everything_through(host: RecordedHost) -> None:
    """Facts become a server and a model, linked; findings come out; the log tells the stages."""
    events: list[tuple[str, dict[str, Any]]] = []

    report = scan(ScanOptions(root=str(host.finish()), log=lambda event, **data: events.append((event, data))))

    (server,) = report.estate.servers
    (model,) = report.estate.models
    assert (server.id, server.models[0].model_id) == ("ollama@h1:11434", model.id)
    assert model.sha256, "a small file is hashed without being asked"
    assert {"collector_ran", "asked", "scan_done"} <= {event for event, _data in events}
    assert "no-inventory" in {finding.rule for finding in report.findings}


def test_an_unreadable_recording_is_no_answer(host: RecordedHost) -> None:
    """Without recorded answers nothing was asked of a recorded host; the server is named by its process."""
    root = host.finish()
    (root / "aiguard-answers.json").unlink()

    estate = scan(ScanOptions(root=str(root))).estate

    (server,) = estate.servers
    assert (server.product, server.version) == ("ollama", "")
    assert estate.probed is False, "nothing was asked, and the report may not say so"


def test_no_probe(host: RecordedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `probe=False` the probe room is not entered at all."""
    monkeypatch.setattr(agent, "ask_all", None)

    report = scan(ScanOptions(root=str(host.finish()), probe=False))

    assert report.estate.probed is False
    assert len(report.estate.servers) == 1


def test_a_file_that_cannot_be_read_is_a_blind_spot(host: RecordedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file that fails is said, and the others are read."""
    host.write("/models/b.gguf", gguf("B"))
    real = agent.open_seen

    def refuse(host: Any, seen: Any, *rest: Any) -> Any:
        if seen.path.endswith("b.gguf"):
            raise PermissionError(13, "Permission denied")
        return real(host, seen, *rest)

    monkeypatch.setattr(agent, "open_seen", refuse)

    report = scan(ScanOptions(root=str(host.finish())))

    assert [model.path for model in report.estate.models] == ["/models/a.gguf"]
    assert ("files", "/models/b.gguf") in {(blind.collector, blind.subject) for blind in report.estate.blind}


def test_thresholds_count_what_they_hide(host: RecordedHost) -> None:
    """Fewer findings shown, the rest counted."""
    options = ScanOptions(root=str(host.finish()))

    everything, worst = scan(options), scan(replace(options, min_severity=Severity.CRITICAL))

    assert len(worst.findings) + worst.suppressed == len(everything.findings)
    assert worst.suppressed > 0


def test_digests_are_kept_and_a_disk_that_refuses_is_no_end(host: RecordedHost, tmp_path: Path) -> None:
    """`digests` is written; where it cannot be, the scan goes on and says so in the log."""
    root = str(host.finish())
    scan(ScanOptions(root=root, hash_all=True, digests=str(tmp_path / "d.json")))
    events: list[str] = []

    scan(ScanOptions(root=root, digests="/proc/nowhere/d.json", log=lambda event, **_data: events.append(event)))

    assert (tmp_path / "d.json").exists()
    assert "digest_cache_not_written" in events


def test_bad_documents_stop_a_scan_before_it_looks(host: RecordedHost, tmp_path: Path) -> None:
    """A wrong inventory or signature is an error, never a scan without it."""
    (tmp_path / "i.yaml").write_text("modelz: []\n")
    (tmp_path / "x.yaml").write_text("id: x\n")

    for options in (ScanOptions(inventory=str(tmp_path / "i.yaml")), ScanOptions(signatures=(str(tmp_path),))):
        with pytest.raises(DocumentError):
            scan(replace(options, root=str(host.finish())))


def test_sandboxed_rules_do_not_run() -> None:
    """All rules are listed, those in the sandbox are off."""
    assert {rule for rule in all_rules() if rule.maturity is not Maturity.SANDBOX} == set(enabled_rules())
    assert len({rule.id for rule in all_rules()}) == len(all_rules()) > 15

"""An inventory against a scan."""

from dataclasses import replace

from asset_samples import D1, D2, MODEL, SERVER, estate

from aiguard_agent.core.report import ScanReport
from aiguard_agent.inventory.compare import Missing, diff
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Inventory


def test_differences_are_listed_by_kind() -> None:
    """New, gone and changed, each by id or clause."""
    inventory = Inventory(models=(ApprovedModel(name="llama3.1:8b", sha256=D2), ApprovedModel(name="gone")))
    report = ScanReport(agent_version="1", estate=estate(SERVER, MODEL))

    found = diff(inventory, report)

    assert found.added == (SERVER.id,)
    assert found.missing == (Missing(clause="models[1]", words="model gone"),)
    assert [asset for asset, _ in found.drifted] == ["m1"]
    assert not found.nothing


def test_a_host_as_approved_has_no_difference() -> None:
    """All seen, all approved, nothing else."""
    inventory = Inventory(models=(ApprovedModel(sha256=D1),), servers=(ApprovedServer(product="ollama"),))

    assert diff(inventory, ScanReport(agent_version="1", estate=estate(SERVER, MODEL))).nothing


def test_the_order_is_stable() -> None:
    """Two scans of the same host list the same differences in the same order."""
    others = [replace(SERVER, id=f"s{n}") for n in range(5)]

    one = diff(Inventory(), ScanReport(agent_version="1", estate=estate(*others)))
    other = diff(Inventory(), ScanReport(agent_version="1", estate=estate(*reversed(others))))

    assert one == other
    assert one.added == ("s0", "s1", "s2", "s3", "s4")

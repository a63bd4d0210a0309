"""The first inventory of a host."""

from dataclasses import replace

from asset_samples import MODEL, SERVER, estate, listening

from aiguard_agent.core.assets import Auth, AuthState
from aiguard_agent.core.facts import Listener, Scope
from aiguard_agent.core.finding import ApprovalState
from aiguard_agent.core.report import ScanReport
from aiguard_agent.inventory.draft import init
from aiguard_agent.inventory.load import parse
from aiguard_agent.inventory.match import match_estate

WIDE = replace(listening(SERVER, "0.0.0.0", Scope.ANY), id="ollama@gpu-07:2")
PICKLE = replace(
    MODEL, id="m2", path="/tmp/x\n- name: '*'\n.pkl", format="pickle", sha256="", fingerprint="", runs_code=True
)


def test_it_approves_the_host_as_it_is() -> None:
    """Read back, every server and model is approved, and nothing else is."""
    host = estate(SERVER, replace(WIDE, process=replace(WIDE.process, unit="")), MODEL, PICKLE)

    inventory = parse(init(ScanReport(agent_version="1", estate=host), by="alice"))

    assert {one.state for one in match_estate(inventory, host, today="2026-01-01").values()} == {ApprovalState.APPROVED}
    assert (len(inventory.servers), len(inventory.models), len(inventory.waivers)) == (2, 2, 0)
    assert {entry.approved_by for entry in inventory.servers} == {"alice"}


def test_it_points_at_what_deserves_a_look() -> None:
    """Open doors, code on load and models without a digest are marked for the reader."""
    text = init(ScanReport(agent_version="1", estate=estate(WIDE, PICKLE)))

    assert text.count("LOOK:") == 3
    assert "LOOK: reachable from outside" in text
    assert "LOOK: open to everybody" in init(ScanReport(agent_version="1", estate=estate(SERVER)))
    guarded = replace(SERVER, auth=Auth(state=AuthState.REQUIRED))
    assert "LOOK" not in init(ScanReport(agent_version="1", estate=estate(guarded, MODEL)))


def test_an_empty_host_gives_a_valid_inventory() -> None:
    """On a host without AI the draft is empty and still explains itself."""
    inventory = parse(init(ScanReport(agent_version="1", estate=estate())))

    assert (inventory.servers, inventory.models) == ((), ())


def test_the_order_of_the_scan_does_not_matter() -> None:
    """The same host gives the same text."""
    one = init(ScanReport(agent_version="1", estate=estate(SERVER, WIDE, MODEL, PICKLE)))
    other = init(ScanReport(agent_version="1", estate=estate(PICKLE, MODEL, WIDE, SERVER)))

    assert one == other


def test_a_workers_port_is_not_approved() -> None:
    """A port that is another one after each restart stands in no entry, and does not make the server drift."""
    worker = Listener(family="tcp4", address="127.0.0.1", port=39211)
    text = init(ScanReport(agent_version="1", estate=estate(replace(SERVER, listeners=(*SERVER.listeners, worker)))))

    assert "ports: [11434]" in text

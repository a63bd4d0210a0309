"""What is told now."""

from __future__ import annotations

import threading
from dataclasses import replace

from metric_examples import VOCABULARY, agent, ordinary, report, server
from prometheus_client.parser import text_string_to_metric_families

from aiguard_agent.metrics.board import FRESH, Board
from aiguard_agent.metrics.exposition import Form


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_before_the_first_scan_the_host_is_not_told_empty() -> None:
    """Without a scan there are numbers about the agent alone, and the board is not ready."""
    board = Board(agent, VOCABULARY)

    assert not board.ready
    assert b"aiguard_build_info" in board.text()
    assert b"aiguard_model_servers" not in board.text()


def test_a_scan_is_told_at_once() -> None:
    """A published report is in the next exposition, however fresh the one before was."""
    board = Board(agent, VOCABULARY, Clock())
    board.text()

    board.publish(ordinary())

    assert board.ready
    assert b'aiguard_model_servers{approved="false",engine="ollama",exposure="any"} 1.0' in board.text()


def test_a_host_without_ai_is_ready() -> None:
    """An empty report is an answer too."""
    board = Board(agent, VOCABULARY)

    board.publish(report())

    assert board.ready
    assert b"aiguard_last_scan_timestamp_seconds" in board.text()


def test_who_scrapes_in_a_loop_costs_one_scrape_a_second() -> None:
    """Within a second the same bytes are told again; after it, the agent is asked anew. Each format for itself."""
    asked = []
    clock = Clock()
    board = Board(lambda: asked.append(1) or agent(), VOCABULARY, clock)  # type: ignore[func-returns-value]

    first = [board.text() for _turn in range(100)]
    board.text(Form.OPENMETRICS)
    clock.now += FRESH
    board.text()

    assert len(set(first)) == 1
    assert len(asked) == 3


def test_a_reload_brings_another_vocabulary() -> None:
    """Signatures that came with a reload are told by their names."""
    board = Board(agent, VOCABULARY)
    newer = replace(VOCABULARY, engine=VOCABULARY.engine | {"my-server"})

    board.publish(report((server(1, "my-server"),)), newer)

    assert b'engine="my-server"' in board.text()


def test_a_scrape_sees_one_report_whole() -> None:
    """While reports are published, no exposition mixes two of them."""
    small, large = report((server(1, "ollama"),)), report(tuple(server(number, "ollama") for number in range(50)))
    small, large = (
        replace(one, estate=replace(one.estate, processes=len(one.estate.servers))) for one in (small, large)
    )
    board = Board(agent, VOCABULARY, iter(range(10**9)).__next__)
    board.publish(small)
    done = threading.Event()

    def publish() -> None:
        while not done.is_set():
            board.publish(large)
            board.publish(small)

    writer = threading.Thread(target=publish)
    writer.start()
    try:
        pairs = set()
        for _turn in range(100):
            told = {f.name: f.samples for f in text_string_to_metric_families(board.text().decode())}
            pairs.add((told["aiguard_model_servers"][0].value, told["aiguard_processes"][0].value))
    finally:
        done.set()
        writer.join()

    assert pairs <= {(1.0, 1.0), (50.0, 50.0)}
    assert pairs

"""One configuration takes another's place, or does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguard_agent.config.generations import Accepted, Generations, Refused
from aiguard_agent.config.load import drop_in_directory, load


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """Return a good file."""
    path = tmp_path / "config.yaml"
    path.write_text("log: {level: debug}\n")
    return path


def test_a_good_one_takes_over(main: Path) -> None:
    """Its number is the next, and what changed is told by key."""
    generations = Generations(load(main, {}))
    main.write_text("log: {level: error}\nledger: {directory: /srv/state}\n")

    answer = generations.propose(main, {})

    assert isinstance(answer, Accepted)
    assert (answer.number, answer.changed) == (2, ("ledger.directory", "log.level"))
    assert answer.restart == ("ledger.directory",)
    assert generations.config is answer.config
    assert (generations.number, generations.config.log.level) == (2, "error")


@pytest.mark.parametrize(
    "text",
    ["log: {level: loud}\n", "log: [", "\x00", "metrics: {tls_cert_file: /nothing}", "scan: {inventory: /nothing}"],
)
def test_a_bad_one_changes_nothing(main: Path, text: str) -> None:
    """The old one holds as it did, whatever was wrong, and the next good one is number two."""
    generations = Generations(load(main, {}))
    before = generations.config
    main.write_text(text)

    answer = generations.propose(main, {})

    assert isinstance(answer, Refused)
    assert answer.problems
    assert (answer.number, generations.number) == (1, 1)
    assert generations.config is before
    main.write_text("log: {level: info}\n")
    assert isinstance(generations.propose(main, {}), Accepted)
    assert generations.number == 2


def test_a_file_being_written_is_not_taken_for_an_empty_one(main: Path) -> None:
    """An editor that truncates first does not put every key back to its default; `{}` does."""
    generations = Generations(load(main, {}))
    main.write_text("# nothing yet\n")

    answer = generations.propose(main, {})

    assert isinstance(answer, Refused)
    assert answer.problems == (
        f"{main}:1: file: holds nothing any more; write `{{}}` if every key shall have its default",
    )
    main.write_text("{}")
    accepted = generations.propose(main, {})
    assert isinstance(accepted, Accepted)
    assert accepted.changed == ("log.level",)


def test_a_file_that_vanished_is_refused_one_that_never_was_is_not(main: Path) -> None:
    """Taking the main file away is no way to ask for defaults."""
    generations = Generations(load(main, {}))
    main.unlink()

    assert isinstance(generations.propose(main, {}), Refused)
    without = Generations(load(main, {}, required=False))
    assert isinstance(without.propose(main, {}), Accepted)


def test_a_drop_in_may_come_and_go(main: Path) -> None:
    """That is what they are for; while one is bad, nothing changes."""
    generations = Generations(load(main, {}))
    drop_in_directory(main).mkdir()
    extra = drop_in_directory(main) / "10-a.yaml"

    extra.write_text("log: {level: error}\n")
    generations.propose(main, {})
    came = generations.config.log.level
    extra.write_text("log: {level: eror}\n")
    generations.propose(main, {})
    bad = generations.config.log.level
    extra.unlink()
    generations.propose(main, {})

    assert (came, bad, generations.config.log.level, generations.number) == ("error", "error", "debug", 3)


def test_nothing_changed_is_a_generation_too(main: Path) -> None:
    """A token may be new where its path is not, so the daemon hears of it."""
    generations = Generations(load(main, {}))

    answer = generations.propose(main, {})

    assert isinstance(answer, Accepted)
    assert (answer.number, answer.changed) == (2, ())


def test_rules_are_known(main: Path) -> None:
    """A rule that does not exist is refused at a reload as at the start."""
    generations = Generations(load(main, {}), rules=("runs-as-root",))
    main.write_text("findings: {disabled_rules: [runs-as-rot]}\n")

    answer = generations.propose(main, {})

    assert isinstance(answer, Refused)
    assert "did you mean `runs-as-root`" in answer.problems[0]

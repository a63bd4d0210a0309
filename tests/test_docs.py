"""What the pages say is true: numbers, exit codes, links, command lines, the sample."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from aiguard_agent.agent import all_rules
from aiguard_agent.cli import exits
from aiguard_agent.cli.main import build_parser
from aiguard_agent.identify.models import model_formats
from aiguard_agent.signatures.load import bundled

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)(?P<path>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")
COMMAND = re.compile(
    r"^(?:- |    |  )?(?:sudo )?(?:\S*/)?(?P<line>aiguard-agent (?!\.\.\.).*)$|`(?P<inline>aiguard-agent [^`]+)`"
)
PLACES = {"FILE": "x.yaml", "DIR": ".", "SEVERITY": "high", "PID": "1", "WHY": "y"}


def commands(text: str) -> Iterator[str]:
    """Yield the command lines of a page: what a reader may copy, without the words beside it."""
    for line in text.splitlines():
        for found in COMMAND.finditer(line):
            words = found["line"] or found["inline"]
            command = re.split(r"\s{2,}|\s+[>|]|\\\|", words.strip())[0]
            choices = [PLACES.get(word, word).split("|") for word in command.split(" ")]
            if len(choices) > 2 or words == found["line"]:  # a verb alone in running text is a name, not a command
                yield from (" ".join(chosen) for chosen in product(*choices))


COMMANDS = sorted(
    {
        (page.name, line)
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for line in commands(page.read_text(encoding="utf-8"))
    }
)
LINKS = sorted(
    {(page, found["path"], found["anchor"] or "") for page in PAGES for found in LINK.finditer(page.read_text())}
)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("products: ", len(bundled())),
        ("model file formats, ", len(model_formats())),
        ("rules: ", len(all_rules())),
    ],
)
def test_the_numbers_are_counted(words: str, number: int) -> None:
    """README tells how many there are, and that is how many there are; `make docs WRITE=1` renews them."""
    assert re.findall(rf"(\d+) {words}", README) == [str(number)]


def test_no_placeholder_is_left() -> None:
    """No page has a word where a number should be."""
    assert [page.name for page in PAGES if re.search(r"[A-Z]+_COUNT\b", page.read_text(encoding="utf-8"))] == []


def test_the_python_version_is_the_packages_own() -> None:
    """README, package and Makefile ask for the same Python."""
    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["requires-python"]
    told = set(re.findall(r"Python (\d\.\d+)", README + (REPOSITORY / "Makefile").read_text()))

    assert {f">={version}" for version in told} == {wanted}


def test_the_exit_codes_are_the_programs_own() -> None:
    """The table in README is `cli.exits.MEANING`."""
    table = dict(re.findall(r"^\| (\d+) \| (.+?) \|$", README, re.MULTILINE))

    assert table == {str(code): meaning for code, meaning in exits.MEANING.items()}


def test_the_first_screen_starts_it() -> None:
    """Who opens README sees both commands without scrolling."""
    screen = README.splitlines()[:24]

    assert "    make scan" in screen
    assert "    make test" in screen


def test_the_sample_was_printed_by_a_test() -> None:
    """Every line of the sample stands in the expected page, in that order."""
    sample = README.partition("## What it prints\n\n```\n")[2].partition("```")[0].splitlines()
    printed = iter((REPOSITORY / "tests" / "cli" / "expected" / "gpu-07.txt").read_text(encoding="utf-8").splitlines())

    assert len(sample) > 15
    assert [line for line in sample if line != "…" and line not in printed] == []


@pytest.mark.parametrize(("page", "path", "anchor"), LINKS, ids=lambda value: getattr(value, "name", value))
def test_links_lead_somewhere(page: Path, path: str, anchor: str) -> None:
    """Every link inside the repository names a file, and a heading where it names one."""
    target = page.parent / path if path else page

    assert target.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_can_be_typed(page: str, line: str) -> None:
    """The real parser takes every command line that a page shows."""
    arguments = shlex.split(line)[1:]
    parser = build_parser()

    try:
        parser.parse_args(arguments)
    except SystemExit as leave:
        assert leave.code == 0, f"{page}: {line}"  # argparse leaves after --help and --version


def test_there_was_something_to_look_at() -> None:
    """The pages have links and commands, so that the two tests above tested something."""
    assert len(LINKS) > 30
    assert len(COMMANDS) > 30


def test_the_changelog_is_kept() -> None:
    """There is a place for what comes next."""
    assert "\n## [Unreleased]\n" in (REPOSITORY / "CHANGELOG.md").read_text()

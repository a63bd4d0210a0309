"""Loading signature documents."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from aiguard_agent.errors import DocumentError
from aiguard_agent.signatures.load import bundled, load, load_directory, merged, parse

GOOD = """
id: thing
name: Thing
category: llm-server
verified_on: {date: '2026-11-25', how: source}
process: {exe: [thing]}
probes:
  - {id: version, get: /version, match: {status: 200, json: ['thing_version']}}
version: [{probe: version, json: thing_version}]
"""


def test_a_good_document_is_read() -> None:
    """The document becomes the value."""
    assert parse("thing.yaml", GOOD).process.exe == ("thing",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("name: Thing", "name: Thing\nportz: [1]"), "thing.yaml:4: file: unknown key `portz`, did you mean `ports`?"),
        (("get: /version", "gett: /version"), "thing.yaml:8: probes[0]: unknown key `gett`, did you mean `get`?"),
        (("match: {status", "match: {statuz"), "unknown key `statuz`, did you mean `status`?"),
        (("id: thing", "id: other"), "differs from the file name"),
        (("llm-server", "llm-sever"), "thing.yaml:4: category: Invalid enum value 'llm-sever'"),
        (("{exe: [thing]}", "{cmdline: ['(']}"), "process.cmdline: bad regular expression"),
        (("get: /version", "get: version"), "begins with /"),
        (("get: /version", "get: /version, post: /x"), "either get or post"),
        (("{probe: version,", "{probe: nope,"), "version.probe: no probe 'nope'"),
        (("json: ['thing_version']", "json: ['a == b']"), "probes.version.match.json"),
        (("json: thing_version", "json: 'a['"), "version.json"),
        (("name: Thing", "name: [Thing"), "not YAML"),
        (("name: Thing", "name: !!python/object/apply:os.system [id]"), "not YAML"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], words: str) -> None:
    """File, key and problem stand in the message."""
    with pytest.raises(DocumentError, match=r"thing\.yaml") as caught:
        parse("thing.yaml", GOOD.replace(*change))

    assert words in str(caught.value)


def test_every_file_is_reported_at_once() -> None:
    """One bad file does not hide the next."""
    with pytest.raises(DocumentError) as caught:
        load([("a.yaml", GOOD), ("b.yaml", "id: 5")])

    assert len(caught.value.problems) == 2


def test_a_folder_over_the_bundled(tmp_path: Path) -> None:
    """A user's signature replaces the bundled one of the same id and joins the others."""
    (tmp_path / "ollama.yaml").write_text(GOOD.replace("id: thing", "id: ollama"))
    mine = load_directory(tmp_path)

    together = {signature.id: signature for signature in merged(bundled(), mine)}

    assert together["ollama"].name == "Thing"
    assert len(together) == len(bundled())


def test_the_bundled_ones_stand_the_full_check() -> None:
    """What is skipped at run time is checked here: every expression of every bundled signature."""
    folder = resources.files("aiguard_agent.signatures") / "data" / "servers"

    assert load_directory(Path(str(folder))) == bundled()


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    """A document is small; a large one is refused before it is parsed."""
    (tmp_path / "big.yaml").write_text("#" * 300_000)

    with pytest.raises(DocumentError, match="longer than"):
        load_directory(tmp_path)

"""Files, drop-ins and environment over each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.config.keys import keys
from aiguard_agent.config.load import DEFAULT, chosen, drop_in_directory, load, parse
from aiguard_agent.config.schema import Config
from aiguard_agent.core.finding import Severity
from aiguard_agent.core.nodes import MAX_DEPTH
from aiguard_agent.errors import DocumentError


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """Return a main file with a drop-in directory beside it."""
    (tmp_path / "config.d").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(
        "log: {level: debug, rate_limit: 5}\nscan: {paths: [/a, /b]}\nfindings: {remap: {x: low, y: low}}\n"
    )
    return path


def drop_in(main: Path, name: str, text: str) -> Path:
    path = drop_in_directory(main) / name
    path.write_text(text)
    return path


def problems_of(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        load(path, environ or {})
    return list(caught.value.problems)


def test_later_files_win_key_by_key(main: Path) -> None:
    """What a drop-in does not name stays; a list replaces a list; remaps are merged."""
    drop_in(main, "20-b.yaml", "log: {level: error}\n")
    drop_in(main, "10-a.yaml", "log: {level: warning}\nscan: {paths: [/c]}\nfindings: {remap: {y: high}}\n")

    loaded = load(main, {})

    config = loaded.config
    assert (config.log.level, config.log.rate_limit, config.scan.paths) == ("error", 5, ("/c",))
    assert dict(config.findings.remap) == {"x": Severity.LOW, "y": Severity.HIGH}
    assert [Path(file).name for file in loaded.files] == ["config.yaml", "10-a.yaml", "20-b.yaml"]
    assert loaded.origins["log.level"] == f"{drop_in_directory(main)}/20-b.yaml:1"
    assert loaded.origins["log.rate_limit"] == f"{main}:1"


def test_the_environment_wins_over_all(main: Path) -> None:
    """A container is configured without a file."""
    drop_in(main, "10-a.yaml", "log: {level: warning}\n")

    loaded = load(main, {"AIGUARD_LOG_LEVEL": "error"})

    assert loaded.config.log.level == "error"
    assert loaded.origins["log.level"] == "$AIGUARD_LOG_LEVEL"


def test_all_problems_of_all_sources_are_told(main: Path) -> None:
    """A bad main file hides neither a bad drop-in nor a bad variable."""
    main.write_text("lgo: {}\n")
    bad = drop_in(main, "10-a.yaml", "log:\n  level: x\n")

    problems = problems_of(main, {"AIGUARD_PROBE_ENABLED": "maybe"})

    assert [problem.rpartition(": ")[0].split(": ")[0] for problem in problems] == [
        f"{main}:1",
        f"{bad}:2",
        "$AIGUARD_PROBE_ENABLED",
    ]


def test_a_contradiction_is_told_where_it_was_written(main: Path) -> None:
    """Two files that are good by themselves may not go together."""
    drop_in(main, "10-a.yaml", "probe:\n  request_timeout: 30s\n")

    assert problems_of(main) == [
        f"{drop_in_directory(main)}/10-a.yaml:2: probe.request_timeout: is larger than probe.total_timeout,"
        " which is 10s"
    ]


def test_a_broken_key_causes_no_second_problem(main: Path) -> None:
    """A key that could not be read is not missing beside its partner."""
    main.write_text("metrics: {tls_key: hunter2, tls_cert_file: /etc/hostname}\n")

    problems = [problem for problem in problems_of(main) if "needs" in problem]

    assert problems == []


def test_a_missing_file(tmp_path: Path) -> None:
    """Where it was asked for it is a problem; else its drop-ins and the defaults hold."""
    path = tmp_path / "config.yaml"

    assert problems_of(path) == [f"{path}:1: file: cannot be read: No such file or directory"]
    assert load(path, {}, required=False).config == Config()
    (tmp_path / "config.d").mkdir()
    drop_in(path, "a.yaml", "log: {level: error}")
    assert load(path, {}, required=False).config.log.level == "error"


def test_unreadable_files_are_told_even_when_not_required(tmp_path: Path) -> None:
    """Only what is not there may be left out: a directory in its place is a mistake."""
    path = tmp_path / "config.yaml"
    path.mkdir()

    with pytest.raises(DocumentError, match=r"config\.yaml:1: file: "):
        load(path, {}, required=False)


def test_what_anybody_may_write_is_refused(main: Path) -> None:
    """Main file, drop-in and their directory alike."""
    main.chmod(0o666)
    drop_in(main, "10-a.yaml", "").chmod(0o666)
    drop_in(main, "20-b.yml", "")

    problems = problems_of(main)

    assert problems == [
        f"{main}:1: file: anybody may write it; chmod o-w",
        f"{drop_in_directory(main)}: 20-b.yml would not be read; name it *.yaml",
    ]


def test_text_that_is_no_utf_8_is_told_with_its_line(main: Path) -> None:
    """The line of the byte, not of the file."""
    main.write_bytes(b"log: {}\nscan: {paths: [/\xff]}\n")

    assert problems_of(main) == [f"{main}:2: file: is not UTF-8 text"]


def test_named_files_are_looked_for_unless_told_otherwise(main: Path) -> None:
    """A configuration can be checked on another machine than its own."""
    main.write_text("scan:\n  inventory: /nothing/inventory.yaml\n")

    assert problems_of(main) == [f"{main}:2: scan.inventory: /nothing/inventory.yaml: there is no such file"]
    assert load(main, {}, files=False).config.scan.inventory == "/nothing/inventory.yaml"


def test_secrets_of_credentials_are_found(main: Path, tmp_path: Path) -> None:
    """systemd hands them over in a directory of its own; the secret is in no value and no text of ours."""
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "token").chmod(0o400)
    main.write_text("metrics: {bearer_token: {credential: token}}\n")

    loaded = load(main, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert str(loaded.config.metrics.bearer_token) == "credential:token"
    assert "hunter2" not in repr(loaded)
    assert "LoadCredential=token" in problems_of(main)[0]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "[" * (MAX_DEPTH + 1),
        "{" * 5000,
        "scan: {paths: [" + "/a, " * 300_000 + "]}",
        "? " * 3000,
        "log: !!binary aGk=",
        "log:\n  level: |\n" + "    x\n" * 100_000,
    ],
    ids=["aliases", "deep", "deeper", "wide", "keys", "tag", "block"],
)
def test_bombs_are_refused(text: str) -> None:
    """Nothing expands, nests or grows without bound, and no message does."""
    with pytest.raises(DocumentError) as caught:
        parse(text)

    assert len(str(caught.value)) < 30_000


def test_the_file_to_read() -> None:
    """As given, as $AIGUARD_CONFIG says, or the default, which may be missing."""
    assert chosen("x.yaml", {"AIGUARD_CONFIG": "y.yaml"}) == (Path("x.yaml"), True)
    assert chosen(None, {"AIGUARD_CONFIG": "y.yaml"}) == (Path("y.yaml"), True)
    assert chosen(None, {}) == (DEFAULT, False)
    assert drop_in_directory(DEFAULT) == Path("/etc/aiguard-agent/config.d")


WORDS = st.sampled_from(
    [part for name in keys() for part in name.split(".")]
    + "off on true 10s 5% 1MiB -1 ~ file credential /a low info".split()
)
DOCUMENTS = st.text(max_size=60) | st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(WORDS, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(DOCUMENTS, st.dictionaries(st.sampled_from([key.variable for key in keys().values()]), WORDS, max_size=2))
def test_any_text_is_a_configuration_or_an_error(text: str, environ: dict[str, str]) -> None:
    """Nothing else is ever raised, and every problem is one printable line."""
    try:
        loaded = parse(text, environ=environ)
    except DocumentError as error:
        assert error.problems
        assert all(problem.isprintable() for problem in error.problems)
    else:
        assert set(loaded.origins) <= set(keys())

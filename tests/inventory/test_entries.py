"""Writing entries."""

from dataclasses import replace

import pytest
import yaml
from asset_samples import D1, F1, MODEL, SERVER, listening
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.core.assets import Auth, AuthState
from aiguard_agent.core.facts import Container, Scope
from aiguard_agent.core.nodes import compose
from aiguard_agent.inventory.entries import comment, lines, model_pairs, scalar, server_pairs, waiver_pairs


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_scalar_comes_back_as_it_was(text: str) -> None:
    """Every YAML reader, ours and any other, gets the same text back."""
    written = f"a: {scalar(text)}\n"

    root = compose(written)
    assert root is not None
    assert root.plain() == {"a": text}
    assert yaml.safe_load(written) == {"a": text} or scalar(text)[:4].isdigit()


@pytest.mark.parametrize(
    "text",
    ["", "no", "NULL", "1.10", "0123", "a: b", "a #b", "*a", "&a", "- a", "'", "a\nb", "\ufeff", "[a]", "~", "@a"],
)
def test_ambiguous_texts_are_quoted(text: str) -> None:
    """What another reader would take for something else stands in quotes."""
    assert scalar(text).startswith('"')


@pytest.mark.parametrize(
    "text", ["alice", "ollama.service", "/models/a-b_c.gguf", "hf:org/name@main", "llama3.1:8b", "2026-01-31"]
)
def test_ordinary_texts_are_plain(text: str) -> None:
    """A person reads the file: no quotes where none are needed."""
    assert scalar(text) == text


@given(st.text())
def test_a_comment_stays_in_its_line(text: str) -> None:
    """No name can break out of a comment."""
    assert len(f"# {comment(text)}x".splitlines()) == 1


def test_a_model_is_approved_by_its_digests() -> None:
    """Digest and fingerprint, the name for people; a path only where there is nothing better."""
    assert dict(model_pairs(MODEL, by="alice", note="why")) == {
        "name": "llama3.1:8b",
        "sha256": f'"{D1}"',
        "fingerprint": f'"{F1}"',
        "format": "gguf",
        "approved_by": "alice",
        "note": "why",
    }
    assert dict(model_pairs(replace(MODEL, sha256="", fingerprint=""), by="")) == {
        "path": "/models/llama.gguf",
        "format": "gguf",
    }


def test_a_server_is_approved_as_it_is() -> None:
    """Account, ports, reach and grade as seen; the unit says which one."""
    wide = replace(listening(SERVER, "0.0.0.0", Scope.ANY), auth=Auth(state=AuthState.SELF_REGISTRATION))

    assert dict(server_pairs(wide, by="", hostname="gpu-07")) == {
        "product": "ollama",
        "host": "gpu-07",
        "unit": "ollama.service",
        "user": "bob",
        "ports": "[11434]",
        "bind": "any",
        "auth": "none",
    }


def test_a_server_is_narrowed_by_the_best_there_is() -> None:
    """Container before unit; the id where neither is there, and for what nobody can name."""
    boxed = replace(SERVER, container=Container(id="1", image="ollama/ollama:1"))
    by_hand = replace(SERVER, process=replace(SERVER.process, unit=""), listeners=(), auth=Auth())
    unknown = replace(SERVER, product="unknown-model-server")

    assert dict(server_pairs(boxed, by=""))["container"] == "ollama/ollama:1"
    assert dict(server_pairs(by_hand, by="")) == {"product": "ollama", "id": "ollama@gpu-07:11434", "user": "bob"}
    assert "id" in dict(server_pairs(unknown, by=""))


def test_lines_form_one_entry() -> None:
    """The dash stands at the column asked for, the other keys under the first."""
    pairs = waiver_pairs(rule="a-b", subject="x*", reason="so: what", by="bob", until="2030-01-01", note="n")

    assert (
        lines(pairs[:3], indent=2, newline="\r\n") == '  - rule: a-b\r\n    subject: "x*"\r\n    reason: "so: what"\r\n'
    )
    assert [key for key, _ in pairs] == ["rule", "subject", "reason", "by", "until", "note"]


def test_what_yaml_cannot_hold_is_written_as_a_question_mark() -> None:
    """A byte that is no UTF-8 must not make the file unreadable."""
    assert scalar("caf\udce9") == '"caf?"'


def test_a_model_of_unknown_format_gets_no_format() -> None:
    """An empty value would be refused by the loader."""
    assert "format" not in dict(model_pairs(replace(MODEL, format=""), by=""))

"""Which models a server has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiguard_agent.core.assets import ModelFile, ModelRef
from aiguard_agent.identify.loaded import loaded
from aiguard_agent.identify.view import View
from small_hosts import signature, view_of

SIG = signature(
    """
probes: [{id: tags, get: /tags}]
models:
  - {probe: tags, json: 'models[].name', digest: 'models[].digest', remote: 'models[].host'}
  - {argv: [--model, -m], after: [serve], env: [THING_MODEL]}
"""
)
FILE = ModelFile(id="gguf-1", path="/srv/m/tiny.gguf", format="gguf", size=1, name="Tiny", sha256="ab", held_by=(1000,))


def models(
    process: dict[str, Any], answers: list[dict[str, Any]] | None = None, *files: ModelFile
) -> tuple[tuple[ModelRef, ...], tuple[str, ...]]:
    view = view_of([{"argv": ["thing"], "listen": ["127.0.0.1:1"], **process}], answers, SIG)
    view = View(view.facts, [a for _l, told in view.answers_of(1000) for a in told._by_request.values()], files)
    return loaded(view, [view.processes[1000]], SIG, [view.processes[1000]])


def test_a_mapped_file_is_its_model() -> None:
    """What the kernel shows needs no word from the server."""
    found, _remote = models({"mapped": ["/srv/m/tiny.gguf"]}, None, FILE)

    assert found == (ModelRef(name="Tiny", via="mapped", path=FILE.path, model_id="gguf-1"),)


def test_a_relative_argument_is_found_from_its_folder() -> None:
    """`-m tiny.gguf` in /srv/m is /srv/m/tiny.gguf, and one model, not two."""
    found, _remote = models({"argv": ["thing", "-m", "tiny.gguf"], "cwd": "/srv/m"}, None, FILE)

    assert [(m.via, m.path) for m in found] == [("opened", FILE.path)]


def test_the_name_the_server_gives_is_joined_by_digest() -> None:
    """The server's own name wins over the file's, the path stays."""
    answers = [{"get": "/tags", "json": {"models": [{"name": "tiny:latest", "digest": "sha256:ab"}]}}]

    found, _remote = models({}, answers, FILE)

    assert found == (ModelRef(name="tiny:latest", via="opened", path=FILE.path, model_id="gguf-1", digest="sha256:ab"),)


def test_names_from_flags_subcommands_and_environment() -> None:
    """All places that the signature names are read; a redacted or missing value is no model."""
    found, _remote = models({"argv": ["thing", "serve", "org/a", "--model=b", "-m"], "env": {"THING_MODEL": "c"}})

    assert [m.name for m in found] == ["org/a", "b", "c"]


def test_a_hub_name_finds_its_cached_file() -> None:
    """`org/a` means the file that the hub cache keeps for it, whatever its revision."""
    cached = replace(FILE, held_by=(), source="hf:org/a@123", path="/c/models--org--a/snapshots/123")

    found, _remote = models({"argv": ["thing", "serve", "org/a"]}, None, cached)

    assert found == (ModelRef(name="org/a", via="argv", path=cached.path, model_id="gguf-1"),)


def test_the_same_path_in_another_container_is_another_file() -> None:
    """A path that a container names is not the file that a process of another container holds under that path."""
    view = view_of(
        [{"argv": ["thing", "-m", "/m/a"], "image": "i"}, {"argv": ["x"], "image": "j"}, {"argv": ["thing"]}]
    )
    other = replace(FILE, held_by=(1001,), aliases=("/m/a",))
    own = replace(FILE, id="own", path="/srv/own", held_by=(), aliases=("/m/a",))
    process = view.processes[1000]

    (lost,), _remote = loaded(View(view.facts, (), (other,)), [process], SIG, [process])
    (found,), _remote = loaded(View(view.facts, (), (other, own)), [process], SIG, [process])

    assert (lost.path, found.path) == ("", "/srv/own")


def test_models_passed_on_to_a_cloud_are_marked() -> None:
    """A proxied model is listed, and told apart."""
    answers = [{"get": "/tags", "json": {"models": [{"name": "big", "host": "https://x.example"}, {"name": "own"}]}}]

    assert models({}, answers)[1] == ("big",)

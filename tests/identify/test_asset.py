"""One group as a ModelFile."""

from dataclasses import replace
from typing import Any

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.identify.asset import EVIDENCE_FILES, Group, model_of
from aiguard_agent.identify.recognised import Recognised


def part(path: str, file: dict[str, Any] | None = None, **header: Any) -> Recognised:
    seen = FileSeen(path=path, size=10, **(file or {}))
    return Recognised(seen=seen, header=ModelHeader(format=header.pop("form", "gguf"), **header))


def test_the_id_rests_on_the_best_that_is_known() -> None:
    """Digest before fingerprint before path; the path does not matter to the first two."""
    digest = {"sha256": "ab" * 32}

    by_digest = [model_of(Group(path=p, main=(part(p, digest),))).id for p in ("/a", "/b")]
    by_print = [model_of(Group(path=p, main=(part(p, fingerprint="cd"),))).id for p in ("/a", "/b")]
    by_path = [model_of(Group(path=p, main=(part(p),))).id for p in ("/a", "/b")]

    assert by_digest == ["gguf-abababababab"] * 2
    assert by_print[0] == by_print[1] != by_digest[0]
    assert by_path[0] != by_path[1]


def test_the_name_falls_back() -> None:
    """What the header says, else the alias that links to a blob, else the file's stem."""
    blob = {"aliases": ("/x/link/tiny.gguf",)}

    assert model_of(Group(path="/m/a.gguf", main=(part("/m/a.gguf", name="Tiny"),))).name == "Tiny"
    assert model_of(Group(path="/m/abc", main=(part("/m/abc", blob),))).name == "tiny"
    assert model_of(Group(path="/m/llama.q4.gguf", main=(part("/m/llama.q4.gguf"),))).name == "llama.q4"


def test_an_explicit_hub_alias_gives_name_and_source() -> None:
    """`hf:` aliases come with a revision."""
    model = model_of(Group(path="/m/abc", main=(part("/m/abc", {"aliases": ("hf:org/name@r1",)}),)))

    assert (model.name, model.source) == ("org/name", "hf:org/name@r1")


def test_the_config_outranks_the_weights() -> None:
    """What describes the whole speaks first; a base of the same name is none."""
    papers = part("/m/config.json", form="hf-config", role="config", architecture="llama", base_model="m")
    group = Group(path="/m", main=(part("/m/w.bin", architecture="x"),), extra=(papers,), kind="huggingface")

    model = model_of(group)

    assert (model.name, model.architecture, model.base_model) == ("m", "llama", "")


def test_parts_without_tensors_still_make_one_identity() -> None:
    """When the tensors themselves are not known, the parts' fingerprints stand for them, in any order."""
    one, two = part("/a", fingerprint="11", parameters=2), part("/b", fingerprint="22", parameters=3)
    bare = part("/c")

    forward, backward = (model_of(Group(path="/", main=pair)) for pair in ((one, two), (two, one)))

    assert forward.fingerprint == backward.fingerprint != ""
    assert forward.parameters == 5
    assert model_of(Group(path="/", main=(one, bare))).fingerprint == ""
    assert model_of(Group(path="/", main=(one, bare))).parameters is None


def test_many_parts_are_told_in_few_lines() -> None:
    """A model of forty shards does not fill the screen."""
    main = tuple(part(f"/s{n}") for n in range(40))

    evidence = model_of(Group(path="/", main=main)).evidence

    assert len(evidence) == EVIDENCE_FILES + 1
    assert evidence[-1].what == "36 more parts of the same kind"


def test_remarks_become_evidence() -> None:
    """Whatever was odd in any part is told with its path."""
    evidence = model_of(Group(path="/a", main=(part("/a", remarks=("named .safetensors, but pickle",)),))).evidence

    assert [(line.what, line.where) for line in evidence] == [
        ("gguf by its own bytes", "/a"),
        ("named .safetensors, but pickle", "/a"),
    ]


def test_a_digest_from_a_name_is_told_as_such() -> None:
    """It was not computed by us."""
    path = "/m/blobs/sha256-" + "e" * 64

    model = model_of(Group(path=path, main=(part(path),)))

    assert model.sha256 == "e" * 64
    assert any("not computed" in line.what for line in model.evidence)


def test_holders_of_all_parts_are_united() -> None:
    """A process that maps one shard holds the model."""
    main = (part("/a", {"held_by": (9, 3)}), part("/b", {"held_by": (3,)}))

    assert model_of(Group(path="/", main=main)).held_by == (3, 9)


def test_a_claimed_digest_is_marked_and_a_false_one_is_told() -> None:
    """What a file name says of the content is a claim until the content was hashed; then the two are compared."""
    path = "/m/blobs/sha256-" + "e" * 64
    named = part(path)
    claimed = replace(named, seen=replace(named.seen, sha256="e" * 64))
    true = replace(named, seen=replace(named.seen, sha256="e" * 64, computed=True))
    false = replace(named, seen=replace(named.seen, sha256="f" * 64, computed=True))

    models = [model_of(Group(path=path, main=(one,))) for one in (claimed, true, false)]

    assert [model.digest_claimed for model in models] == [True, False, False]
    told = [[line.what for line in model.evidence if line.kind == "remark"] for model in models]
    assert told[0] == ["digest is the name its store keeps it under, not computed"]
    assert told[1] == []
    assert told[2] == ["its store keeps it under another digest: sha256:" + "e" * 64]

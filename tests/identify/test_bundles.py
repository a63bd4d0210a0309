"""Unite the files of one model."""

from __future__ import annotations

from typing import Any

import pytest

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.identify.bundles import Recognised, build_models
from aiguard_agent.identify.fingerprint import fingerprint

HUB = "/home/a/.cache/huggingface/hub/models--org--tiny"
ONE = ("a.weight", "F32", (2, 3))
TWO = ("b.weight", "F32", (4,))


def seen(path: str, **more: Any) -> FileSeen:
    return FileSeen(path=path, size=more.pop("size", 10), **more)


def known(
    path: str, format_name: str = "safetensors", *, file: dict[str, Any] | None = None, **header: Any
) -> Recognised:
    return Recognised(seen=seen(path, **(file or {})), header=ModelHeader(format=format_name, **header))


def config(path: str, **more: Any) -> Recognised:
    return known(path, "hf-config", role="config", architecture="llama", context_length=64, **more)


def weights(path: str, *tensors: tuple[str, str, tuple[int, ...]], **more: Any) -> Recognised:
    count = sum(2 * 3 if t == ONE else 4 for t in tensors)
    return known(path, tensors=tensors, fingerprint=fingerprint(tensors), parameters=count, **more)


def test_a_hugging_face_folder_is_one_model() -> None:
    """Config, tokenizer and weights of one folder are one model, named by the folder."""
    files = [
        config("/m/tiny/config.json"),
        known("/m/tiny/tokenizer.json", "tokenizer", role="tokenizer"),
        weights("/m/tiny/model.safetensors", ONE, TWO),
    ]

    (model,) = build_models(files)

    assert (model.path, model.format, model.name) == ("/m/tiny", "safetensors", "tiny")
    assert (model.architecture, model.context_length, model.parameters, model.size) == ("llama", 64, 10, 30)
    assert model.files == tuple(sorted(one.path for one in files))


def test_re_sharding_keeps_the_fingerprint() -> None:
    """One file, two shards with an index and two shards by their numbers have the same fingerprint and count."""
    single = build_models([weights("/m/one/x.safetensors", ONE, TWO)])
    links = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    parts = [weights(f"/m/two/{links[0]}", ONE), weights(f"/m/two/{links[1]}", TWO)]
    index = known("/m/two/model.safetensors.index.json", "safetensors-index", role="shard-index", links=links)

    indexed = build_models([*parts, index])
    foldered = build_models([*parts, index, config("/m/two/config.json")])
    numbered = build_models(parts)

    for built in (indexed, foldered, numbered):
        assert len(built) == 1
        assert (built[0].fingerprint, built[0].parameters) == (single[0].fingerprint, single[0].parameters)


def test_a_missing_shard_makes_the_model_incomplete() -> None:
    """A shard that the names promise and nobody saw is named, and the model is not complete."""
    (model,) = build_models([weights("/m/w-00001-of-00002.safetensors", ONE)])

    assert not model.complete
    assert "part not seen: w-00002-of-00002.safetensors" in [line.what for line in model.evidence]


def test_many_missing_shards_are_told_in_few_words() -> None:
    """Three names and a number stand for the rest."""
    (model,) = build_models([weights("/m/w-00002-of-00009.safetensors", ONE)])

    told = [line.what for line in model.evidence if line.what.startswith("part not seen")]
    assert told[0] == "part not seen: w-00001-of-00009.safetensors"
    assert told[-1] == "part not seen: 5 more shards"


def test_shards_beside_a_config_need_no_index() -> None:
    """Numbered parts of one whole are its weights."""
    parts = [weights(f"/m/t/model-0000{n}-of-00002.safetensors", t) for n, t in ((1, ONE), (2, TWO))]

    (model,) = build_models([config("/m/t/config.json"), *parts])

    assert (model.path, model.parameters, model.complete) == ("/m/t", 10, True)


def test_an_index_whose_shards_are_elsewhere_unites_nothing() -> None:
    """Names that nobody saw make no model."""
    index = known("/m/x.index.json", "safetensors-index", role="shard-index", links=("../../etc/passwd", "gone"))

    assert [m.path for m in build_models([index, weights("/m/other.safetensors", ONE)])] == ["/m/other.safetensors"]


def test_the_hub_cache_is_grouped_by_snapshot() -> None:
    """Blobs of one folder are united by the names in their snapshot, which give name, revision and digest."""
    digest = "c" * 64
    files = [
        config(f"{HUB}/blobs/aa", file={"aliases": (f"{HUB}/snapshots/r1/config.json",)}),
        weights(f"{HUB}/blobs/{digest}", ONE, file={"aliases": (f"{HUB}/snapshots/r1/model.safetensors",)}),
    ]

    (model,) = build_models(files)

    assert (model.name, model.source) == ("org/tiny", "hf:org/tiny@r1")
    assert (model.path, model.sha256) == (f"{HUB}/snapshots/r1", digest)
    assert model.id == "safetensors-" + "c" * 12


def test_two_revisions_with_the_same_weights_are_one_model() -> None:
    """A second snapshot that changed only the config does not list the weights twice."""
    both = (f"{HUB}/snapshots/r1/model.safetensors", f"{HUB}/snapshots/r2/model.safetensors")
    files = [
        config(f"{HUB}/blobs/aa", file={"aliases": (f"{HUB}/snapshots/r1/config.json",)}),
        config(f"{HUB}/blobs/bb", file={"aliases": (f"{HUB}/snapshots/r2/config.json",)}),
        weights(f"{HUB}/blobs/cc", ONE, file={"aliases": both}),
    ]

    (model,) = build_models(files)

    assert model.aliases == (f"{HUB}/snapshots/r2",)


def test_two_revisions_with_different_weights_are_two_models() -> None:
    """Each snapshot with weights of its own is listed."""
    files = [
        config(
            f"{HUB}/blobs/aa", file={"aliases": (f"{HUB}/snapshots/r1/config.json", f"{HUB}/snapshots/r2/config.json")}
        ),
        weights(f"{HUB}/blobs/cc", ONE, file={"aliases": (f"{HUB}/snapshots/r1/model.safetensors",)}),
        weights(f"{HUB}/blobs/dd", TWO, file={"aliases": (f"{HUB}/snapshots/r2/model.safetensors",)}),
    ]

    models = build_models(files)

    assert [model.source for model in models] == ["hf:org/tiny@r1", "hf:org/tiny@r2"]


def test_papers_without_weights_are_no_model() -> None:
    """A config, a tokenizer or an index alone is not a model."""
    alone = [
        config("/a/config.json"),
        known("/b/tokenizer.json", "tokenizer", role="tokenizer"),
        known("/c/x.index.json", "safetensors-index", role="shard-index", links=("x-00001-of-00001.safetensors",)),
    ]

    assert build_models(alone) == ()


def test_strangers_beside_a_config_stay_models_of_their_own() -> None:
    """A config.json must not hide other models of its folder."""
    files = [
        config("/m/config.json"),
        weights("/m/model.safetensors", ONE),
        known("/m/evil.pt", "pytorch", runs_code=True),
        known("/m/q4.gguf", "gguf"),
    ]

    assert [model.path for model in build_models(files)] == ["/m", "/m/evil.pt", "/m/q4.gguf"]


def test_the_weights_that_a_process_holds_speak_for_the_folder() -> None:
    """safetensors speak first, but a pickle that a process holds is what runs here."""
    bin_ = known("/m/pytorch_model.bin", "pytorch", runs_code=True)
    held = known("/m/pytorch_model.bin", "pytorch", runs_code=True, file={"held_by": (7,)})
    rest = [config("/m/config.json"), weights("/m/model.safetensors", ONE)]

    (idle,) = build_models([*rest, bin_])
    (running,) = build_models([*rest, held])

    assert (idle.format, idle.runs_code) == ("safetensors", False)
    assert (running.format, running.runs_code, running.held_by) == ("pytorch", True, (7,))


def test_plain_data_is_a_model_only_where_somebody_means_it() -> None:
    """Arrays are dropped unless a process holds them or a path was given."""
    idle = known("/d/a.npy", "npy", role="data", file={"store": "home"})
    held = known("/d/b.npy", "npy", role="data", file={"held_by": (4,)})
    asked = known("/d/c.npy", "npy", role="data", file={"store": "path"})

    assert [model.path for model in build_models([idle, held, asked])] == ["/d/b.npy", "/d/c.npy"]


def test_a_saved_model_is_its_folder_with_its_variables() -> None:
    """The graph and its variables are one model; a stranger beside them is not swallowed."""
    files = [known("/tf/m/1/saved_model.pb", "tf-savedmodel"), known("/tf/m/1/other.gguf", "gguf")]
    others = [seen("/tf/m/1/variables/variables.data-00000-of-00001", size=100), seen("/tf/m/1/notes.txt", size=7)]

    models = build_models(files, others)

    assert [(model.path, model.size) for model in models] == [("/tf/m/1", 110), ("/tf/m/1/other.gguf", 10)]


def test_an_openvino_model_is_its_graph_and_its_numbers() -> None:
    """The .bin of the same stem belongs to the .xml, another .bin does not."""
    others = [seen("/ov/m.bin", size=5), seen("/ov/n.bin", size=6)]

    (model,) = build_models([known("/ov/m.xml", "openvino")], others)

    assert (model.path, model.size, model.files) == ("/ov/m.xml", 15, ("/ov/m.bin", "/ov/m.xml"))


def test_an_onnx_model_takes_in_the_data_it_names() -> None:
    """External data beside the graph belong to it; a name that leads elsewhere is not followed."""
    graph = known("/x/m.onnx", "onnx", links=("m.onnx_data", "../secret"))
    others = [seen("/x/m.onnx_data", size=90), seen("/secret", size=5), seen("/x/other", size=1)]

    (model,) = build_models([graph], others)

    assert (model.size, model.files) == (100, ("/x/m.onnx", "/x/m.onnx_data"))


def test_a_coreml_package_is_its_folder() -> None:
    """All below NAME.mlpackage is one model."""
    inside = "/c/x.mlpackage/Data/com.apple.CoreML"

    (model,) = build_models([known(f"{inside}/model.mlmodel", "coreml")], [seen(f"{inside}/weights/weight.bin")])

    assert (model.path, model.name, model.size) == ("/c/x.mlpackage", "x", 20)


def test_nested_orbax_folders_are_one_checkpoint() -> None:
    """The outermost folder stands for all below it."""
    files = [known("/o/5/_CHECKPOINT_METADATA", "orbax"), known("/o/5/default/_METADATA", "orbax", fingerprint="ab")]

    (model,) = build_models(files, [seen("/o/5/default/d/abcd", size=80)])

    assert (model.path, model.size, model.fingerprint) == ("/o/5", 100, "ab")


def test_an_array_database_alone_is_no_checkpoint() -> None:
    """Others keep arrays in it too."""
    assert build_models([known("/o/manifest.ocdbt", "orbax", role="manifest", extra=(("database", "ocdbt"),))]) == ()


def test_an_ollama_blob_is_named_by_its_tag() -> None:
    """The alias of a manifest gives name and source, the blob's name its digest."""
    blob = "/usr/share/ollama/.ollama/models/blobs/sha256-" + "d" * 64

    (model,) = build_models([known(blob, "gguf", name="Meta Llama", file={"aliases": ("ollama:llama3.1:8b",)})])

    assert (model.name, model.source, model.sha256) == ("llama3.1:8b", "ollama:llama3.1:8b", "d" * 64)


def ids_of(*copies: tuple[str, int]) -> dict[str, str]:
    """Path -> id of copies of one file, each with the time of its last change."""
    files = [known(path, "gguf", file={"sha256": "e" * 64, "ctime_ns": changed}) for path, changed in copies]
    return {model.path: model.id for model in build_models(files)}


def test_the_same_bytes_twice_get_two_ids() -> None:
    """The copy that was there first keeps the plain id, whatever the order of the paths."""
    ids = ids_of(("/b.gguf", 1), ("/a.gguf", 2))

    assert ids["/b.gguf"] == "gguf-eeeeeeeeeeee"
    assert ids["/a.gguf"].startswith("gguf-eeeeeeeeeeee~")


def test_one_more_copy_changes_no_other_id() -> None:
    """Findings and waivers hang on ids: they must not change hands when a copy comes or goes."""
    before = ids_of(("/b.gguf", 1), ("/c.gguf", 2))

    after = ids_of(("/b.gguf", 1), ("/a.gguf", 3), ("/c.gguf", 2))

    assert {path: after[path] for path in before} == before
    assert len(set(after.values())) == 3


@pytest.mark.parametrize(
    ("mode", "folder", "expected"),
    [
        (0o100644, 0o040755, (False, False)),
        (0o100666, 0o040755, (True, False)),
        (0o100644, 0o040777, (False, True)),
        (0o100644, 0o041777, (False, False)),
    ],
)
def test_who_may_change_it(mode: int, folder: int, expected: tuple[bool, bool]) -> None:
    """Any part that others may write counts; a sticky folder lets nobody replace another's file."""
    open_part = known("/m/model.safetensors", file={"mode": mode, "directory_mode": folder})

    (model,) = build_models([config("/m/config.json"), open_part])

    assert (model.world_writable, model.directory_world_writable) == expected


def test_paths_of_two_containers_are_not_one_folder() -> None:
    """A config and weights that only share a path inside two containers are not united."""
    files = [
        config("/var/a/config.json", file={"aliases": ("/app/config.json",)}),
        weights("/var/b/model.safetensors", ONE, file={"aliases": ("/app/model.safetensors",)}),
    ]

    assert [model.path for model in build_models(files)] == ["/var/b/model.safetensors"]

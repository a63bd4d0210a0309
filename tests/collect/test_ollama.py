import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.collect.ollama import dress, name_of, split, weights_of
from aiguard_agent.core.facts import FileSeen

A, B, C = "a" * 64, "b" * 64, "c" * 64


def manifest(*layers):
    return json.dumps(
        {"layers": [{"mediaType": kind, "digest": f"sha256:{digest}"} for kind, digest in layers]}
    ).encode()


def test_only_layers_with_weights_are_named():
    """Model, projector and adapter layers hold weights; template, licence and parameters do not."""
    data = manifest(
        ("application/vnd.ollama.image.model", A),
        ("application/vnd.ollama.image.template", B),
        ("application/vnd.ollama.image.projector", C),
    )

    assert weights_of(data) == (A, C)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"layers": 5}', b'{"layers":[{"digest":7}]}', b"[" * 100_000])
def test_what_is_no_manifest_names_nothing(data):
    """Broken, foreign and deeply nested JSON is no manifest and no error."""
    assert weights_of(data) == ()


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data):
    """Whatever a manifest holds, nothing is raised."""
    assert isinstance(weights_of(data), tuple)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("registry.ollama.ai/library/llama3.1/8b", "ollama:llama3.1:8b"),
        ("registry.ollama.ai/bob/tiny/latest", "ollama:bob/tiny:latest"),
        ("hf.co/org/name-GGUF/Q4_K_M", "ollama:hf.co/org/name-GGUF:Q4_K_M"),
        ("library/llama3.1", ""),
        ("", ""),
    ],
)
def test_model_is_named_as_ollama_prints_it(path, expected):
    """The default registry and its library are left out of the name, others are kept."""
    assert name_of(path) == expected


def test_blob_gets_the_names_of_all_models_it_is_in_and_small_strangers_go():
    """One blob may belong to two tags; a small layer without weights is no model, an unnamed big one is kept."""
    base = "/m"
    blobs = [
        FileSeen(path=f"{base}/blobs/sha256-{A}", size=500),
        FileSeen(path=f"{base}/blobs/sha256-{B}", size=500),
        FileSeen(path=f"{base}/blobs/sha256-{C}", size=5 << 20),
    ]
    weights = {
        f"{base}/manifests/registry.ollama.ai/library/x/latest": (A,),
        f"{base}/manifests/registry.ollama.ai/library/x/8b": (A,),
        "/other/manifests/registry.ollama.ai/library/y/8b": (B,),
    }

    dressed = dress(blobs, weights)

    assert [(seen.path[-1], seen.aliases) for seen in dressed] == [("a", ("ollama:x:latest", "ollama:x:8b")), ("c", ())]


def test_only_files_below_manifests_are_manifests():
    """A blob is not taken for a manifest."""
    assert split("/m/manifests/r/library/x/y") == ("/m", "r/library/x/y")
    assert split(f"/m/blobs/sha256-{A}") == ("", "")

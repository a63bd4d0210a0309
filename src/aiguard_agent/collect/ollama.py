"""Read Ollama's manifests: which blob is which model. Pure, over bytes.

manifests/registry.ollama.ai/library/llama3.1/8b   {"layers": [{"mediaType": …, "digest": "sha256:…"}]}
blobs/sha256-…                                     the layers
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from aiguard_agent.collect.candidates import STORE_BIG
from aiguard_agent.core.facts import FileSeen

MANIFEST_LIMIT = 1 << 20
_WEIGHTS = ("model", "projector", "adapter", "tensor", "draft")
_DEFAULT_REGISTRY = "registry.ollama.ai"


class _Layer(msgspec.Struct):
    digest: str = ""
    mediaType: str = ""


class _Manifest(msgspec.Struct):
    layers: list[_Layer] = []


def weights_of(data: bytes) -> tuple[str, ...]:
    """Return the SHA-256 of every layer with weights that a manifest names; () for anything that is no manifest."""
    try:
        manifest = msgspec.json.decode(data, type=_Manifest)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ()
    return tuple(
        layer.digest.removeprefix("sha256:")
        for layer in manifest.layers
        if layer.digest.startswith("sha256:") and layer.mediaType.rpartition(".")[2] in _WEIGHTS
    )


def name_of(manifest: str) -> str:
    """Return the model's name as Ollama prints it, from the path below `manifests/`; "" when it has another shape."""
    parts = manifest.strip("/").split("/")
    if len(parts) < 3:
        return ""
    registry, *space, model, tag = parts
    known = registry == _DEFAULT_REGISTRY
    shown = [part for part in space if part != "library"] if known else [registry, *space]
    return f"ollama:{'/'.join([*shown, model])}:{tag}"


def split(path: str) -> tuple[str, str]:
    """Return (store folder, path below `manifests/`) of a manifest, ("", "") for any other file."""
    base, found, rest = path.rpartition("/manifests/")
    return (base, rest) if found else ("", "")


def dress(files: Iterable[FileSeen], weights: Mapping[str, tuple[str, ...]]) -> list[FileSeen]:
    """Name each blob by the models it belongs to, and drop the small ones that hold no weights.

    `weights` maps the host path of a manifest to the digests it names.
    """
    names: dict[str, dict[str, None]] = {}
    for manifest, digests in weights.items():
        base, rest = split(manifest)
        for digest in digests:
            names.setdefault(f"{base}/blobs/sha256-{digest}", {})[name_of(rest)] = None
    dressed = []
    for seen in files:
        known = tuple(name for name in names.get(seen.path, ()) if name)
        blob = "/blobs/sha256-" in seen.path
        if blob and not known and seen.size < STORE_BIG:
            continue
        dressed.append(replace(seen, aliases=(*seen.aliases, *known)) if known else seen)
    return dressed

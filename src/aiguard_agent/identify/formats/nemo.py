"""NVIDIA NeMo model: a tar (or tar.gz) with `model_config.yaml` and `model_weights.ckpt`, a torch checkpoint."""

from __future__ import annotations

import re

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.tarlist import list_tar, looks_like_tar
from aiguard_agent.identify.unwrap import compression, unwrap

CONFIG = "model_config.yaml"
MAX_CONFIG = 1024 * 1024
TARGET = re.compile(rb"^(?:target|_target_)\s*:\s*['\"]?([\w.]{1,200})", re.MULTILINE)
VERSION = re.compile(rb"^nemo_version\s*:\s*['\"]?([\w.+-]{1,40})", re.MULTILINE)


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a tar, or by gzip under the usual name."""
    return looks_like_tar(glimpse.head) or (compression(glimpse.head) == "gzip" and glimpse.name.endswith(".nemo"))


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the class that the config names; the weights inside are not looked at."""
    packed = compression(glimpse.head)
    inside: Reader = BytesReader(unwrap(reader, packed)) if packed else reader
    members = list_tar(inside).members
    config = next((member for member in members if member.name.rpartition("/")[2] == CONFIG), None)
    if config is None:
        return None
    draft = Draft(format=FORMAT.name, runs_code=True)
    draft.tell("seen", f"tar member {config.name}")
    raw = inside.read_at(config.offset, min(config.size, MAX_CONFIG))
    if not packed and not any(member.name.endswith((".ckpt", ".distcp", ".zarr")) for member in members):
        draft.cut("no weights among the members")
    target, version = TARGET.search(raw), VERSION.search(raw)
    draft.architecture = target[1].decode("ascii", "replace").rpartition(".")[2] if target else ""
    draft.tell("class", target[1].decode("ascii", "replace") if target else "")
    draft.tell("version", version[1].decode("ascii", "replace") if version else "")
    if any(".." in member.name.split("/") or member.name.startswith("/") for member in members):
        draft.remark("a member's path leads out of the archive")
    return draft.header()


FORMAT = Format(
    name="nemo",
    title="NVIDIA NeMo model",
    order=15,
    extensions=(".nemo",),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://docs.nvidia.com/nemo-framework/user-guide/latest/nemotoolkit/checkpoints/intro.html",
)

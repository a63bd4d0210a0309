"""XGBoost model, as JSON or as UBJSON (the same document in binary).

{"learner": {"attributes", "feature_names", "gradient_booster", "learner_model_param", "objective"}, "version": [3, 2]}

Only both ends are read: the trees between them are the weights.
"""

from __future__ import annotations

import re

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse

END = 64 * 1024
"""Bytes read of each end."""
JSON_START = re.compile(rb'^\s*\{\s*"learner"\s*:\s*\{')
UBJ_START = b"{L" + (7).to_bytes(8, "big") + b"learner{"
UBJ_LENGTH = rb"L.{8}"
"""Before each text: a mark and its length."""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the first key of the document."""
    return glimpse.head.startswith(UBJ_START) or JSON_START.match(glimpse.head) is not None


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return booster, objective and version from both ends of the document."""
    head = reader.read_at(0, END)
    tail = reader.read_at(max(0, reader.size - END), END)
    binary = head.startswith(UBJ_START)
    if b"gradient_booster" not in head + tail or b"learner_model_param" not in head + tail:
        return None
    draft = Draft(format=FORMAT.name)
    draft.tell("seen", "key learner of its UBJSON" if binary else "key learner of its JSON")
    draft.tell("version", _version(tail, binary=binary))
    draft.tell("objective", _value(rb"objective", rb"name", tail, binary=binary))
    draft.tell("trees", _value(rb"gbtree_model_param", rb"num_trees", head, binary=binary))
    draft.tell("features", _value(rb"learner_model_param", rb"num_feature", tail, binary=binary))
    draft.architecture = next((name for name in ("gblinear", "dart", "gbtree") if _booster(name, head, tail)), "")
    if not tail.rstrip().endswith(b"}"):
        draft.cut("the file ends inside its document")
    return draft.header()


def _booster(name: str, head: bytes, tail: bytes) -> bool:
    text = f'"{name}"'.encode()
    packed = b"SL" + len(name).to_bytes(8, "big") + name.encode()
    return any(mark in part for mark in (text, packed) for part in (tail, head))


def _value(group: bytes, key: bytes, part: bytes, *, binary: bool) -> str:
    """Return the text at `key` in the first object named `group`."""
    if binary:
        pattern = group + rb"\{.{0,400}?" + UBJ_LENGTH + key + rb"S" + UBJ_LENGTH + rb"([ -~]{1,64}?)(?:L|\})"
    else:
        pattern = rb'"' + group + rb'"\s*:\s*\{.{0,400}?"' + key + rb'"\s*:\s*"([^"]{1,64})"'
    match = re.search(pattern, part, re.DOTALL)
    return match[1].decode("utf-8", "replace") if match else ""


def _version(tail: bytes, *, binary: bool) -> str:
    if binary:
        at = tail.rfind(b"version[#L")
        numbers = tail[at + 18 : at + 24] if at >= 0 else b""
        return ".".join(str(n) for n in numbers[1::2]) if len(numbers) == 6 and numbers[::2] == b"iii" else ""
    match = re.search(rb'"version"\s*:\s*\[([\d,\s]{1,32})\]', tail)
    return ".".join(part.strip() for part in match[1].decode().split(",")) if match else ""


FORMAT = Format(
    name="xgboost",
    title="XGBoost model",
    order=30,
    extensions=(".ubj", ".json", ".xgb", ".bst"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html",
)

"""LightGBM model: a text of `key=value` lines, then one block for each tree.

tree · version=v4 · num_class=1 · … · objective=binary sigmoid:1 · feature_names=… · tree_sizes=312 862 · · Tree=0
"""

from __future__ import annotations

import re

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse

START = re.compile(rb"^tree\r?\nversion=v\d")
MAX_HEADER = 1024 * 1024


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the first two lines."""
    return START.match(glimpse.head) is not None


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return objective, classes, features and the number of trees."""
    text = reader.read_at(0, MAX_HEADER)
    header = text.split(b"\n\n", 1)[0].split(b"\nTree=", 1)[0]
    lines = dict(line.split(b"=", 1) for line in header.splitlines() if b"=" in line)
    if b"num_class" not in lines or b"num_tree_per_iteration" not in lines:
        return None
    draft = Draft(format=FORMAT.name, architecture="gbdt")
    draft.tell("seen", "first lines tree and version")
    for word, key in (("version", b"version"), ("objective", b"objective"), ("classes", b"num_class")):
        draft.tell(word, lines.get(key, b"").decode("utf-8", "replace"))
    last = lines.get(b"max_feature_idx", b"")
    if last.isdigit() and len(last) < 10:
        draft.tell("features", str(int(last) + 1))
    sizes = lines.get(b"tree_sizes", b"").split()
    draft.tell("trees", str(len(sizes)) if sizes else "")
    if b"Tree=" not in text:
        draft.cut("no tree within the part that is read")
    return draft.header()


FORMAT = Format(
    name="lightgbm",
    title="LightGBM model",
    order=30,
    extensions=(".txt", ".lgb", ".lgbm"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/microsoft/LightGBM/blob/main/src/boosting/gbdt_model_text.cpp",
)

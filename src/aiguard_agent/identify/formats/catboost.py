"""CatBoost model (.cbm): "CBM1" · u32 length · a flatbuffer with the trees and words about the training."""

from __future__ import annotations

import re

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse

MAGIC = b"CBM1"
END = 256 * 1024
"""Bytes read of each end: the words stand before or behind the trees."""
LOSS = re.compile(rb'"loss_function":\{"type":"([A-Za-z0-9_:;=.-]{1,64})"')
RELEASE = re.compile(rb"CatBoost release (\d+(?:\.\d+){1,3})")
TAG = re.compile(rb"tags/v(\d+(?:\.\d+){1,3})")


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the magic."""
    return glimpse.head.startswith(MAGIC)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return objective and version where the training left them."""
    head = reader.read_at(0, END)
    if len(head) < 8:
        return None
    tail = reader.read_at(max(0, reader.size - END), END)
    draft = Draft(format=FORMAT.name, architecture="oblivious-trees")
    draft.tell("seen", "magic CBM1")
    if int.from_bytes(head[4:8], "little") > reader.size - 8:
        draft.cut("the core is longer than the file")
    for word, patterns in (("objective", (LOSS,)), ("version", (RELEASE, TAG))):
        found = (pattern.search(part) for pattern in patterns for part in (head, tail))
        draft.tell(word, next((match[1].decode() for match in found if match), ""))
    return draft.header()


FORMAT = Format(
    name="catboost",
    title="CatBoost model",
    order=10,
    extensions=(".cbm",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/catboost/catboost/blob/master/catboost/libs/model/model.cpp",
)

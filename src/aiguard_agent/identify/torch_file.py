"""What all torch formats share: from one opcode scan to tensors, kind and words."""

from __future__ import annotations

import re

from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.pickle_values import Scan
from aiguard_agent.identify.pickled import describe, outer_class
from aiguard_agent.identify.torch_tensors import find_tensors

SHARD = re.compile(r"[-._]\d{5}-of-\d{5}\.")


def describe_torch(scan: Scan, draft: Draft) -> None:
    """Add tensors, the kind (state dict or whole module) and the imports of a torch pickle to the draft."""
    found = find_tensors(scan.value)
    for name, dtype, shape in found.tensors:
        draft.add(name, dtype, shape)
    draft.tell("kind", "module" if found.module else "state_dict" if found.tensors else "")
    draft.architecture = draft.architecture or found.module.rpartition(".")[2] or outer_class(scan.value)
    draft.quantization = draft.dominant()
    if not found.complete:
        draft.stop("more tensors than are read")
    describe(scan, draft)


def is_shard(name: str) -> bool:
    """Tell whether a file name is that of one part of several."""
    return SHARD.search(name) is not None

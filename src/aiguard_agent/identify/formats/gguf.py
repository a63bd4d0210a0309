"""GGUF: the format of llama.cpp, Ollama and LM Studio.

Loading it runs no code of the file. Its chat template is a Jinja program that some servers have run without a sandbox
(CVE-2024-34359), hence the digest of each template in `extra`.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.gguf import is_gguf, read_gguf

ROLES = {"adapter": "adapter", "vocab": "tokenizer"}


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the magic and a version that exists."""
    return is_gguf(glimpse.head)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return what the key-value pairs and the tensor list say."""
    if not is_gguf(glimpse.head):
        return None
    draft = Draft(format=FORMAT.name)
    values = read_gguf(reader, draft)
    parts = values.get("split.count", 1)
    shard = isinstance(parts, int) and parts > 1
    if shard:
        draft.role = "weights-part"
        number = values.get("split.no", 0)
        draft.tell("shard", f"{number + 1 if isinstance(number, int) else '?'} of {parts}")
    else:
        draft.role = ROLES.get(str(values.get("general.type", "")), "model")
    return draft.header(keep_tensors=shard)


FORMAT = Format(
    name="gguf",
    title="GGUF",
    order=10,
    extensions=(".gguf",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md",
)

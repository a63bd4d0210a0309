"""HDF5 without a Keras model configuration: weights alone, or data that is no model at all.

Loading it runs no code. Whether it is a model cannot be told from the container: the datasets are counted as tensors
when the name or the layout is that of weights; other files stay out of the list of models.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft, words
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.hdf5 import Hdf5, starts_at
from aiguard_agent.identify.window import Window

WEIGHTS = ("kernel", "weight", "bias", "gamma", "embeddings", "vars/")
KERAS = frozenset({"keras_version", "backend"})


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the signature, also behind a user block."""
    return starts_at(glimpse.head) is not None


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return datasets as tensors; None when nothing about the file is of a model."""
    base = starts_at(glimpse.head)
    if base is None:
        return None
    draft = Draft(format=FORMAT.name, role="weights-part" if glimpse.name.endswith(".weights.h5") else "model")
    texts: dict[str, bytes] = {}
    with draft.reading():
        whole = Hdf5(Window(reader), base, draft)
        root = whole.root()
        texts = whole.texts(root, KERAS)
        whole.datasets(root)
    named = "weights" in glimpse.name or "model" in glimpse.name
    laid_out = any(any(word in name.lower() for word in WEIGHTS) for name, _, _ in draft.tensors)
    if not (named or laid_out or texts):
        return None
    for key in ("keras_version", "backend"):
        draft.tell(key, words(texts.get(key, b"")))
    draft.quantization = draft.dominant()
    return draft.header()


FORMAT = Format(
    name="hdf5",
    title="HDF5 weights",
    order=11,
    extensions=(".h5", ".hdf5"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html",
)

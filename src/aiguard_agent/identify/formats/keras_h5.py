"""Keras model in HDF5 (`.h5`): the format before Keras 3, still written by it.

The attribute `model_config` of the root is what makes a whole model. Loading it builds the classes that the
configuration names and unmarshals the bytecode of Lambda layers, and `.h5` files have been loaded without safe mode
(CVE-2025-9905): hence `runs_code`.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.errors import BudgetExceeded
from aiguard_agent.identify import keras_config
from aiguard_agent.identify.draft import Draft, words
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.hdf5 import Hdf5, starts_at
from aiguard_agent.identify.window import Window

CONFIG = "model_config"
WANTED = frozenset({CONFIG, "keras_version", "backend"})
SEARCHED = 256 * 1024


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the signature of HDF5; only the attributes show whether Keras wrote it."""
    return starts_at(glimpse.head) is not None


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the configuration's words and the weights; None for an HDF5 file without a model configuration."""
    base = starts_at(glimpse.head)
    if base is None:
        return None
    draft = Draft(format=FORMAT.name, runs_code=True)
    whole = Hdf5(Window(reader), base, draft)
    texts: dict[str, bytes] = {}
    with draft.reading():
        root = whole.root()
        texts = whole.texts(root, WANTED)
        if CONFIG in texts:
            whole.datasets(root)
    if CONFIG not in texts:
        # Attributes that cannot be read are no reason to miss a model: its configuration is plain text.
        return _search(reader, draft) if draft.remarks else None
    with draft.reading():
        keras_config.describe(texts[CONFIG], draft)
    for key in ("keras_version", "backend"):
        draft.tell(key, words(texts.get(key, b"")))
    draft.quantization = draft.dominant()
    return draft.header()


def _search(reader: Reader, draft: Draft) -> ModelHeader | None:
    try:
        head = reader.read_at(0, SEARCHED)
    except BudgetExceeded:
        return None
    if CONFIG.encode() not in head:
        return None
    draft.stop("the model configuration was seen and not read")
    if keras_config.LAMBDA.search(head):
        draft.tell("lambda", "yes")
    return draft.header()


FORMAT = Format(
    name="keras-h5",
    title="Keras HDF5 model",
    order=10,
    extensions=(".h5", ".hdf5", ".keras"),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html",
)

"""Put into words what an opcode scan of a pickle found: which libraries and classes loading it would import."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_values import Ended, Global, Made, Scan
from aiguard_agent.identify.unwrap import MAX_OUTPUT, unwrap

MAX_CLASSES = 12
LIBRARIES = (
    "sklearn",
    "xgboost",
    "lightgbm",
    "catboost",
    "transformers",
    "sentence_transformers",
    "ultralytics",
    "pytorch_lightning",
    "lightning",
    "timm",
    "fairseq",
    "spacy",
    "statsmodels",
    "prophet",
    "torch",
    "keras",
    "tensorflow",
    "jax",
    "flax",
    "scipy",
    "pandas",
    "joblib",
    "dill",
    "cloudpickle",
    "numpy",
)
"""Top packages that say what a pickle is for; the more telling first."""
PLUMBING = frozenset({"builtins", "__builtin__", "copyreg", "copy_reg", "_codecs", "collections"})
"""Modules that nearly every pickle names."""


def is_marked(head: bytes) -> bool:
    """Tell whether bytes start as a pickle of protocols 2 to 5 does."""
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5


def scan_compressed(reader: Reader, kind: str) -> Scan | None:
    """Walk the pickle inside a compressed file, or return None when there is none of protocol 2 or later."""
    content = unwrap(reader, kind)
    if not is_marked(content):
        return None
    capped = len(content) >= MAX_OUTPUT
    # Arrays may reach beyond what was unpacked: that is a limit of ours, not a broken file.
    stream = scan(BytesReader(content, budget=1 << 41, size=1 << 40 if capped else None))
    if capped and stream.ended is Ended.TRUNCATED:
        return replace(stream, ended=Ended.LIMIT, why=f"only the first {MAX_OUTPUT} bytes inside were read")
    return stream


def libraries(found: Iterable[Global]) -> tuple[str, ...]:
    """Return the known libraries among the globals, the most telling first."""
    tops = {one.module.partition(".")[0] for one in found}
    return tuple(name for name in LIBRARIES if name in tops)


def identifiers(found: Iterable[Global]) -> tuple[Global, ...]:
    """Return the globals that are spelled like Python names: stray bytes seldom are."""
    return tuple(one for one in found if all(part.isidentifier() for part in f"{one.module}.{one.name}".split(".")))


def outer_class(value: object) -> str:
    """Return the class of what the pickle would give, or ""."""
    if not isinstance(value, Made):
        return ""
    what, args = value.what, value.args
    if isinstance(what, Global) and what.name == "_reconstructor" and isinstance(args, tuple) and args:
        what = args[0]
    if not isinstance(what, Global) or what.module in PLUMBING or not what.name[:1].isupper():
        return ""
    return what.name


def describe(scan: Scan, draft: Draft) -> None:
    """Add what one stream would import to the draft; a stream that broke or met a limit is told."""
    known = libraries(scan.globals)
    draft.tell("libraries", ", ".join(known))
    classes = [str(one) for one in identifiers(scan.globals) if one.module not in PLUMBING]
    draft.tell("imports", ", ".join(classes[:MAX_CLASSES]))
    if len(classes) > MAX_CLASSES:
        draft.tell("imports more", str(len(classes) - MAX_CLASSES))
    if scan.dynamic:
        draft.remark("imports something whose name is computed while loading")
    if scan.extensions:
        draft.remark("imports something by a number of the copyreg registry")
    match scan.ended:
        case Ended.STOP:
            return
        case Ended.LIMIT | Ended.TRUNCATED | Ended.BROKEN:
            draft.stop(f"pickle {scan.ended.value} after {scan.opcodes} opcodes: {scan.why}")

"""What a format has understood so far: collects tensors and words within limits, and survives a broken header."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.errors import BudgetExceeded
from aiguard_agent.identify.fingerprint import Tensor, fingerprint, parameters

MOST_TENSORS = 100_000
MOST_ELEMENTS = 1 << 48
"""Elements of one tensor; more is a forged dimension, not a model."""
MOST_DIMENSIONS = 32
MOST_WORDS = 300
"""Characters kept of one text from a file."""
MOST_EXTRA = 64
MOST_LINKS = 4096
MOST_REMARKS = 16


def words(raw: bytes | str, most: int = MOST_WORDS) -> str:
    """Return a text from a file for display: valid Unicode, bounded, without outer blanks."""
    text = raw[: most * 4].decode("utf-8", "replace") if isinstance(raw, bytes) else raw[:most]
    return text.encode("utf-8", "replace").decode("utf-8").strip()[:most]


def label(raw: bytes) -> str:
    """Return a tensor's name so that two undecodable names still differ."""
    return raw.decode("utf-8", "surrogateescape")


@dataclass(slots=True, kw_only=True)
class Draft:
    """A ModelHeader in the making."""

    format: str
    name: str = ""
    architecture: str = ""
    quantization: str = ""
    context_length: int | None = None
    parameters: int | None = None
    """What the file says; the tensors count instead when there are any."""
    license: str = ""
    base_model: str = ""
    author: str = ""
    runs_code: bool = False
    role: str = "model"
    complete: bool = True
    broken: bool = False
    """True when the header itself could not be read to its end: then the tensors are not all there."""
    tensors: list[Tensor] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)

    def remark(self, text: str) -> None:
        """Note an oddity once."""
        if text not in self.remarks and len(self.remarks) < MOST_REMARKS:
            self.remarks.append(words(text))

    def stop(self, why: str) -> None:
        """Note why the reading ended early."""
        self.broken = True
        self.cut(why)

    def cut(self, why: str) -> None:
        """Note that the header is whole, but not all that it describes is in the file."""
        self.complete = False
        self.remark(why)

    def tell(self, key: str, value: str) -> None:
        """Keep one more word about the file unless it is empty or there are too many already."""
        if value and (key in self.extra or len(self.extra) < MOST_EXTRA):
            self.extra[key] = words(value)

    def link(self, target: str) -> None:
        """Note the name of another file, as written; one outside the folder is an oddity."""
        if target and target not in self.links:
            if len(self.links) >= MOST_LINKS:
                raise ValueError("too many linked files")
            self.links.append(words(target, 1024))
            if target[0] in "/\\" or ":" in target or ".." in target.replace("\\", "/").split("/"):
                self.remark(f"a linked file lies outside the folder: {target}")

    def add(self, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        """Add one tensor; raises ValueError for a size no model has."""
        if len(self.tensors) >= MOST_TENSORS:
            raise ValueError(f"more than {MOST_TENSORS} tensors")
        if len(shape) > MOST_DIMENSIONS:
            raise ValueError(f"a tensor has {len(shape)} dimensions")
        if any(side < 0 for side in shape) or math.prod(shape) > MOST_ELEMENTS:
            raise ValueError("a tensor's dimensions are forged")
        self.tensors.append((name[:1024], dtype, shape))

    def dominant(self) -> str:
        """Return the type that most elements have."""
        count: Counter[str] = Counter()
        for _, dtype, shape in self.tensors:
            count[dtype] += math.prod(shape)
        return count.most_common(1)[0][0] if count else ""

    def _count(self) -> int | None:
        claimed = self.parameters if self.parameters is not None and 0 < self.parameters < MOST_ELEMENTS else None
        return parameters(self.tensors) if self.tensors and not self.broken else claimed

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn whatever ends the reading early into a remark: what was understood before it still counts."""
        try:
            yield
        except EOFError:
            self.stop("the file ends inside its header")
        except BudgetExceeded:
            self.stop("the header is larger than the reading budget")
        except RecursionError:
            self.stop("the header is nested too deeply")
        except ValueError as error:
            self.stop(str(error))
        except OSError as error:
            self.stop(f"the file could not be read further: {error.strerror or type(error).__name__}")

    def header(self, *, keep_tensors: bool = False) -> ModelHeader:
        """Return the finished value; `keep_tensors` for a shard, which must be united with the others."""
        return ModelHeader(
            format=self.format,
            name=words(self.name),
            architecture=words(self.architecture),
            parameters=self._count(),
            quantization=words(self.quantization),
            context_length=self.context_length,
            license=words(self.license),
            base_model=words(self.base_model),
            author=words(self.author),
            fingerprint="" if self.broken else fingerprint(self.tensors),
            tensors=tuple(self.tensors) if keep_tensors else (),
            runs_code=self.runs_code,
            role=self.role,
            links=tuple(self.links),
            complete=self.complete,
            remarks=tuple(self.remarks),
            extra=tuple(sorted(self.extra.items())),
        )

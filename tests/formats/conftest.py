"""What the tests of every format share: look at bytes as the scan does, and example files of real libraries."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.format import HEAD, TAIL, Format, Glimpse

FILES = Path(__file__).parent / "files"

Look = Callable[..., ModelHeader | None]


@pytest.fixture(scope="session")
def look() -> Look:
    """Return a function that lets one format sniff and read the bytes; `size` for a file that is larger than them."""

    def look_at(form: Format, data: bytes, *, name: str = "file", size: int | None = None) -> ModelHeader | None:
        total = len(data) if size is None else size
        tail = data[max(0, total - TAIL) :]
        glimpse = Glimpse(name=name, size=total, head=data[:HEAD], tail=tail)
        if not form.sniff(glimpse):
            return None
        return form.read(BytesReader(data, size=total), glimpse)

    return look_at


@pytest.fixture(scope="session")
def example() -> Callable[[str], bytes]:
    """Return a function that gives the bytes of one of the example files."""
    return lambda name: (FILES / name).read_bytes()

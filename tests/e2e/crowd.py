"""Many beds up at once, so that one scan sees them all."""

import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from beds.bed import Bed
from ground import NotReady, Running, missing, start, stop, yard

AT_ONCE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The beds that came up, and why the others did not."""

    up: dict[str, Running]
    absent: dict[str, str]
    broken: dict[str, str]

    def get(self, bed: Bed) -> Running:
        """Hand out a bed that is up; skip the test when it cannot be here, fail it when it broke."""
        if bed.name in self.absent:
            pytest.skip(self.absent[bed.name])
        if bed.name in self.broken:
            pytest.fail(self.broken[bed.name])
        return self.up[bed.name]


@contextmanager
def crowd(beds: Sequence[Bed]) -> Iterator[Crowd]:
    """Start the beds, a few at a time, the slow ones first; end them all."""
    seen = Crowd(up={}, absent={}, broken={})
    with ExitStack() as stack:
        folder = stack.enter_context(yard())

        def bring_up(bed: Bed) -> None:
            try:
                seen.up[bed.name] = start(bed, folder / bed.name)
            except (NotReady, RuntimeError, OSError, subprocess.SubprocessError) as error:
                seen.broken[bed.name] = str(error)

        for bed in beds:
            if why := missing(bed):
                seen.absent[bed.name] = why
        wanted = [bed for bed in beds if bed.name not in seen.absent]
        stack.callback(lambda: [stop(running.keeper) for running in seen.up.values()])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(bring_up, sorted(wanted, key=lambda bed: -bed.patience)))
        yield seen


def selected(request: pytest.FixtureRequest, beds: Sequence[Bed]) -> list[Bed]:
    """Pick the beds that the chosen tests of this module are about."""
    ours = [item for item in request.session.items if item.nodeid.startswith(request.node.nodeid)]
    names = {
        item.callspec.params["bed"].name for item in ours if hasattr(item, "callspec") and "bed" in item.callspec.params
    }
    return [bed for bed in beds if bed.name in names]

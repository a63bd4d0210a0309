"""Running all collectors."""

import gc
import itertools

import pytest

from aiguard_agent.collect import run
from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import Blind, BlindKind, CollectorRun, FileSeen, Process

ONE = Process(pid=1, start_ticks=1, started=0)


def collector(name: str, order: int, sight: Sight | Exception) -> Collector:
    def look(_host: Host, _options: Options, _seen: Sight) -> Sight:
        if isinstance(sight, Exception):
            raise sight
        return sight

    return Collector(name=name, order=order, help=f"the {name}", collect=look)


def test_the_real_collectors_come_in_order() -> None:
    """Processes before sockets before whatever needs both."""
    names = [one.name for one in run.all_collectors()]

    assert names[:2] == ["processes", "sockets"]
    assert [one.order for one in run.all_collectors()] == sorted(one.order for one in run.all_collectors())


def test_a_broken_collector_is_a_blind_spot(fake) -> None:
    """The others go on, what was seen before stays, and the failure is timed and told."""
    parts = [
        collector("a", 1, Sight(processes=(ONE,))),
        collector("b", 2, ZeroDivisionError("oops")),
        collector("c", 3, Sight(files=(FileSeen(path="/x", size=1),), notes={"k": "v"})),
    ]
    ticks = itertools.count()

    facts = run.collect(fake.host(), Options(), collectors=parts, clock=lambda: 5.0, timer=lambda: next(ticks))

    assert facts.processes == (ONE,)
    assert [one.path for one in facts.files] == ["/x"]
    assert facts.blind == (Blind(collector="b", subject="everything it looks at", reason="oops", kind=BlindKind.ERROR),)
    assert facts.runs == tuple(CollectorRun(name=name, seconds=1, ok=name != "b") for name in "abc")
    assert (facts.taken_at, facts.notes) == (5.0, {"k": "v"})


def test_a_denied_collector_says_why(fake) -> None:
    """An OSError keeps its meaning."""
    denied = collector("a", 1, PermissionError(13, "Permission denied"))

    facts = run.collect(fake.host(), Options(), collectors=[denied])

    assert [(one.kind, one.reason) for one in facts.blind] == [(BlindKind.DENIED, "Permission denied")]


def test_a_later_collector_sees_what_earlier_ones_saw(fake) -> None:
    """And what it says of the processes replaces what was said before."""
    seen: list[Sight] = []

    def look(_host: Host, _options: Options, before: Sight) -> Sight:
        seen.append(before)
        return Sight(processes=())

    parts = [collector("a", 1, Sight(processes=(ONE,))), Collector(name="b", order=2, help="", collect=look)]
    facts = run.collect(fake.host(), Options(), collectors=parts)

    assert seen[0].processes == (ONE,)
    assert facts.processes == ()


def test_progress_is_told(fake) -> None:
    """People hear what is being looked at."""
    words: list[str] = []

    run.collect(fake.host(), Options(progress=words.append), collectors=[collector("a", 1, Sight())])

    assert words == ["the a"]


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"proc/sys/kernel/hostname": "gpu-07\n", "etc/hostname": "old\n"}, "gpu-07"),
        ({"etc/hostname": "gpu-08\n"}, "gpu-08"),
        ({"proc/sys/kernel/hostname": "\n", "etc/hostname": "gpu-09"}, "gpu-09"),
        ({}, ""),
    ],
)
def test_the_host_has_a_name(fake, files: dict[str, str], name: str) -> None:
    """The kernel's name comes first, then the file's, then none."""
    for path, text in files.items():
        fake.write(path, text)

    assert run.collect(fake.host(), Options(), collectors=[]).hostname == name


def test_the_real_fast_half_on_the_live_host() -> None:
    """A second look with the same host is a later pass and sees the same processes."""
    fast = [one for one in run.all_collectors() if one.name in ("processes", "sockets")]
    host = Host()

    first = run.collect(host, Options(), collectors=fast)
    second = run.collect(host, Options(), collectors=fast)

    assert all(one.ok for one in (*first.runs, *second.runs))
    assert host.memory.passes == 2
    assert {one.pid for one in first.processes} & {one.pid for one in second.processes}
    assert first.kernel and first.hostname and first.boot_id


def test_a_flood_of_blind_spots_is_counted(fake) -> None:
    """Whoever makes us miss thousands of things does not bury what others hide; none of them is lost from the count."""
    flood = tuple(Blind(collector="a", subject=str(n), reason="r", count=2) for n in range(run.MOST_BLIND + 500))
    parts = [collector("a", 1, Sight(blind=flood)), collector("b", 2, Sight(blind=flood[:1]))]

    blind = run.collect(fake.host(), Options(), collectors=parts).blind

    assert len(blind) == run.MOST_BLIND + 2
    assert sum(entry.count for entry in blind) == 2 * (run.MOST_BLIND + 501)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_search_for_garbage_is_as_it_was_after_a_look(fake, enabled: bool) -> None:
    """It is put off while collectors run, and nobody's setting is changed by that."""
    during: list[bool] = []

    def look(_host: Host, _options: Options, _seen: Sight) -> Sight:
        during.append(gc.isenabled())
        raise ValueError("oops")

    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        run.collect(fake.host(), Options(), collectors=[Collector(name="a", order=1, help="", collect=look)])
        after = gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()

    assert (during, after) == ([False], enabled)

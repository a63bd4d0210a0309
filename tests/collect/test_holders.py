"""Who holds a socket."""

import pytest

from aiguard_agent.collect import descriptors
from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.processes import COLLECTOR
from aiguard_agent.collect.holders import LONG_TABLE, SEARCHES, Search, Wanted, order_of_holders
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import Process

NET = 4026531840
PLAIN = Wanted(netns=NET, uid=0)


class Asked:
    """Remembers which descriptor folders were opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, denied: tuple[int, ...] = ()) -> None:
        self.pids: list[int] = []
        real = descriptors.open_path

        def open_path(host: Host, path: str, *, flags: int) -> int:
            pid = int(path.split("/")[2])
            self.pids.append(pid)
            if pid in denied:
                raise PermissionError(13, "Permission denied")
            return real(host, path, flags=flags)

        monkeypatch.setattr(descriptors, "open_path", open_path)


def search(host: Host, wanted: dict[int, Wanted], *, budget: int = 1000, interesting: str = "") -> Search:
    """Run one pass over the host."""
    host.memory.begin()
    host.memory.judge = host.memory.judge or (lambda process: bool(interesting) and process.comm == interesting)
    processes = COLLECTOR.collect(host, Options(interesting=host.memory.judge), Sight()).processes or ()
    one = Search(host, budget, processes)
    one.run(wanted)
    return one


def pids(one: Search) -> dict[int, list[int]]:
    return {inode: sorted(process.pid for process in holders) for inode, holders in one.found.items()}


def test_the_owner_is_found(fake) -> None:
    """The process with the inode among its links holds the socket."""
    fake.process(7, sockets=(5,))
    fake.process(8, sockets=(6,))

    assert pids(search(fake.host(), {5: PLAIN})) == {5: [7]}


def test_the_likely_ones_are_asked_first(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interesting ones, then same namespace and user; who cannot matter any more is not asked."""
    fake.process(7, net="net:[1]", ppid=0)
    fake.process(8, uid=1000, ppid=0)
    fake.process(9, ppid=0, sockets=(5,))
    fake.process(10, comm="ollama", ppid=0, net="net:[1]")
    asked = Asked(monkeypatch)

    search(fake.host(), {5: PLAIN}, interesting="ollama")

    assert asked.pids == [10, 9]


def test_all_holders_of_a_shared_socket(fake) -> None:
    """Pre-fork workers under another user are found through their parent."""
    fake.process(7, sockets=(5,), ppid=1)
    fake.process(8, sockets=(5,), ppid=7, uid=1000)
    fake.process(9, sockets=(5,), ppid=8, uid=1000)
    fake.process(10, ppid=7, uid=1000)

    assert pids(search(fake.host(), {5: PLAIN})) == {5: [7, 8, 9]}


def test_the_parent_is_found_through_its_worker(fake) -> None:
    """The search may meet a worker first."""
    fake.process(7, sockets=(5,), uid=1000, ppid=9)
    fake.process(9, sockets=(5,), uid=0, ppid=1, net="net:[1]")

    assert pids(search(fake.host(), {5: Wanted(netns=NET, uid=1000)})) == {5: [7, 9]}


def test_a_long_table_is_read_when_nothing_else_explains_a_socket(fake) -> None:
    """Thousands of descriptors do not hide an owner."""
    fake.process(7, sockets=tuple(range(1000, 1001 + LONG_TABLE)))

    assert pids(search(fake.host(), {1005: PLAIN})) == {1005: [7]}


def test_a_long_table_is_spared_when_a_hidden_process_explains_it(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody of that user and namespace hides from us: the socket is most likely theirs."""
    fake.process(6)
    fake.process(7, sockets=tuple(range(1000, 1001 + LONG_TABLE)))
    host = fake.host()
    Asked(monkeypatch, denied=(6,))

    one = search(host, {5: PLAIN})

    assert pids(one) == {5: []}
    assert (one.denied, host.memory.links_read) == (1, 0)


def test_a_spent_budget_is_told(fake) -> None:
    """An owner that was not looked for is not "no owner"."""
    fake.process(7, sockets=tuple(range(100, 110)))

    one = search(fake.host(), {105: PLAIN}, budget=5)

    assert (pids(one), one.spent) == ({105: []}, True)


def test_unix_sockets_ask_interesting_processes_only(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are hundreds of them, so nobody else is asked for their sake."""
    fake.process(7, sockets=(5,))
    fake.process(8, comm="ollama", sockets=(6,))
    asked = Asked(monkeypatch)
    local = Wanted(netns=NET, uid=0, widen=False)

    one = search(fake.host(), {5: local, 6: local}, interesting="ollama")

    assert pids(one) == {5: [], 6: [8]}
    assert 7 not in asked.pids


def test_a_later_pass_asks_nobody(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Owners are remembered, and after some searches so is that there is none."""
    fake.process(7, sockets=(5,))
    host = fake.host()
    for _ in range(SEARCHES):
        search(host, {5: PLAIN, 6: PLAIN})
    asked = Asked(monkeypatch)

    later = search(host, {5: PLAIN, 6: PLAIN})

    assert (pids(later), asked.pids) == ({5: [7], 6: []}, [])


def test_an_owner_that_was_listed_too_late_is_found(fake) -> None:
    """A server that started after the processes were listed and before the sockets were is found by the next pass."""
    fake.process(7)
    host = fake.host()
    search(host, {6: PLAIN})
    fake.process(8, sockets=(6,))

    assert pids(search(host, {6: PLAIN})) == {6: [8]}


def test_a_new_socket_is_looked_for(fake) -> None:
    """What was not there last time is searched, among known processes too."""
    fake.process(7, sockets=(5,))
    host = fake.host()
    search(host, {5: PLAIN})
    fake.link("proc/7/fd/9", "socket:[6]")

    assert pids(search(host, {5: PLAIN, 6: PLAIN})) == {5: [7], 6: [7]}


def test_a_socket_whose_holder_ended_is_looked_for(fake) -> None:
    """The worker that lives on is found when the one that was known is gone."""
    first = fake.process(7, sockets=(5,))
    host = fake.host()
    search(host, {5: PLAIN})
    first.rename(fake.root / "gone")
    fake.process(8, sockets=(5,))

    assert pids(search(host, {5: PLAIN})) == {5: [8]}


def test_init_does_not_make_everybody_a_relative(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket unit is held by init; its children are all services of the host."""
    fake.process(1, sockets=(5,), ppid=0, start=1)
    for pid in range(20, 30):
        fake.process(pid, net="net:[1]", uid=1000)
    asked = Asked(monkeypatch)

    assert pids(search(fake.host(), {5: PLAIN})) == {5: [1]}
    assert asked.pids == [1]


def test_kernel_threads_and_zombies_are_not_asked(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold nothing."""
    fake.process(2, flags=0x00200000, exe=None)
    fake.process(9, state="Z")
    asked = Asked(monkeypatch)

    assert pids(search(fake.host(), {5: PLAIN})) == {5: []}
    assert asked.pids == []


def test_order() -> None:
    """The earliest started is the owner; init only hands sockets on."""
    init, old, new = (Process(pid=pid, start_ticks=ticks, started=0) for pid, ticks in ((1, 0), (90, 5), (20, 9)))

    assert order_of_holders([new, init, old]) == (90, 20, 1)
    assert order_of_holders([init]) == (1,)
    assert order_of_holders([]) == ()

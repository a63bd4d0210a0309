import gc
import weakref

from aiguard_agent.collect import recall as module
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.recall import recall


def test_every_host_has_a_memory_of_its_own(tmp_path):
    """What is remembered of one host is never told of another."""
    first, second = Host(tmp_path), Host(tmp_path)

    recall(first).held[(1, 1)] = module.Held(mapped=("/a",))

    assert recall(first).held[(1, 1)].mapped == ("/a",)
    assert recall(second).held == {}


def test_memory_goes_with_its_host(tmp_path):
    """Nothing is kept of a host that nobody looks at any more."""
    host = Host(tmp_path)
    recall(host)
    assert host in module._RECALLS
    kept = weakref.ref(host)

    del host
    gc.collect()

    assert kept() is None, "the memory holds its host, so neither ever goes"

"""How far a server is reached from."""

from dataclasses import replace

from asset_samples import SERVER, listening

from aiguard_agent.core.facts import Listener, Scope
from aiguard_agent.inventory.reach import endpoint, reach, unchosen


def test_the_widest_listener_decides() -> None:
    """One public listener among loopback ones makes the server public."""
    public = Listener(family="tcp4", address="8.8.8.8", port=1, scope=Scope.PUBLIC)

    assert reach(replace(SERVER, listeners=(*SERVER.listeners, public))) is Scope.PUBLIC
    assert reach(SERVER) is Scope.LOOPBACK


def test_a_namespace_without_interfaces_is_loopback() -> None:
    """A wildcard bind that nobody outside can reach is no exposure; the same outside is one."""
    server = listening(SERVER, "0.0.0.0", Scope.ANY)

    assert reach(replace(server, isolated=True)) is Scope.LOOPBACK
    assert reach(server) is Scope.ANY


def test_a_server_without_listeners_has_no_reach() -> None:
    """A stdio server is reached by nobody."""
    assert reach(replace(SERVER, listeners=())) is None


def test_endpoints_read_as_they_are_typed() -> None:
    """IPv6 gets its brackets, a socket its path."""
    assert endpoint(Listener(family="tcp6", address="::1", port=80)) == "[::1]:80"
    assert endpoint(Listener(family="tcp4", address="127.0.0.1", port=80)) == "127.0.0.1:80"
    assert endpoint(Listener(family="unix", address="/run/x.sock", scope=Scope.UNIX)) == "/run/x.sock"


def test_a_port_that_nobody_chose() -> None:
    """A worker's high port on loopback is the kernel's choice; a low one, or one on the network, is somebody's."""
    high = Listener(family="tcp4", address="127.0.0.1", port=39211)

    assert unchosen(SERVER, high)
    assert not unchosen(SERVER, replace(high, port=32767))
    assert not unchosen(SERVER, replace(high, address="0.0.0.0", scope=Scope.ANY))

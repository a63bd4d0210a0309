"""The text tables of /proc/net."""

from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.collect import procnet
from aiguard_agent.collect.procnet import Listening

TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:2CAB 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0
   2: broken
   3: XYZ:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1
"""
UNIX = """Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 4801 /run/my ollama.sock
0000000000000000: 00000002 00000000 00010000 0001 01 4802 @abstract
0000000000000000: 00000002 00000000 00010000 0001 01 4803
0000000000000000: 00000003 00000000 00000000 0001 03 4804 /run/connected
0000000000000000: 00000003 00000000 zzz 0001 03 4804 /run/x
"""
TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.0.0
        /24 link UNICAST
     |-- 10.0.0.5
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
Local:
     |-- 10.0.0.5
        /32 host LOCAL
     |-- 10.0.0.255
        /32 link BROADCAST
"""


def test_only_listening_sockets() -> None:
    """Connected sockets and broken lines are passed over."""
    assert procnet.parse_tcp(TCP, "tcp4") == (
        Listening(family="tcp4", address="127.0.0.1", port=11434, uid=1000, inode=4711),
    )


def test_only_named_listening_unix_sockets() -> None:
    """A name may hold blanks or be abstract; connected and nameless ones are passed over."""
    found = procnet.parse_unix(UNIX)

    assert [(one.address, one.inode) for one in found] == [("/run/my ollama.sock", 4801), ("@abstract", 4802)]


def test_interfaces() -> None:
    """Names are sorted, the two header lines are not among them."""
    text = "Inter-| Receive\n face |bytes\n    lo: 1 2\n  eth0: 1 2\n veth@x: 3\n"

    assert procnet.parse_interfaces(text) == ("eth0", "lo", "veth@x")


def test_local_addresses() -> None:
    """Local ones once each, without loopback, network and broadcast addresses."""
    assert procnet.parse_local_v4(TRIE) == ("10.0.0.5",)
    six = "fd000000000000000000000000000002 02 40 00 80 eth0\n" + "0" * 31 + "1 01 80 10 80 lo\nzz 1 1 1 1 eth0\n"
    assert procnet.parse_local_v6(six) == ("fd00::2",)


def test_addresses_are_bounded() -> None:
    """A router with thousands of addresses gives a bounded list."""
    trie = "".join(f" |-- 10.0.{n // 250}.{n % 250}\n /32 host LOCAL\n" for n in range(1000))

    assert len(procnet.parse_local_v4(trie)) == procnet.ADDRESSES


@given(st.text(max_size=400))
def test_no_text_breaks_a_parser(text: str) -> None:
    """Any text ends in a value."""
    lines = f"header\n{text}\n{text.replace(' ', ' 0A ')}"
    assert isinstance(procnet.parse_tcp(lines, "tcp4"), tuple)
    assert isinstance(procnet.parse_unix(lines), tuple)
    assert isinstance(procnet.parse_interfaces(lines), tuple)
    assert isinstance(procnet.parse_local_v4(lines), tuple)
    assert isinstance(procnet.parse_local_v6(lines), tuple)

from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.collect.maps import MAX_PATHS, parse_maps

SAMPLE = b"""\
55f1783a5000-55f1783a8000 r--p 00000000 fe:00 260850                     /usr/bin/sed
55f1783a8000-55f1783bc000 r-xp 00003000 fe:00 260850                     /usr/bin/sed
7f0000000000-7f0000400000 r--p 00000000 fe:00 77                         /srv/my models/a.gguf
7f0000400000-7f0000600000 r--p 00400000 fe:00 77                         /srv/my models/a.gguf
7f0000600000-7f0000601000 r--p 00000000 fe:00 78                         /srv/b.gguf (deleted)
7f0000601000-7f0000602000 rw-p 00000000 00:00 0
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]
7f0000700000-7f0000701000 r--p 00000000 fe:00 79                         /srv/line\\012feed.gguf
"""


def test_files_are_united_with_their_reach_and_their_right_to_run():
    """All mappings of one file are one entry; anonymous memory and [stack] are none."""
    found, whole = parse_maps(SAMPLE)

    assert whole
    assert list(found) == [
        "/usr/bin/sed",
        "/srv/my models/a.gguf",
        "/srv/b.gguf (deleted)",
        "/srv/line\nfeed.gguf",
    ]
    assert found["/srv/my models/a.gguf"].reach == 6 << 20
    assert [entry.runs for entry in found.values()] == [True, False, False, False]
    assert found["/srv/my models/a.gguf"].inode == 77


def test_more_paths_than_the_limit_are_said_to_be_too_many():
    """Beyond the limit the answer says that it is not the whole."""
    lines = b"".join(b"1000-2000 r--p 00000000 fe:00 7 /f/%d\n" % n for n in range(MAX_PATHS + 1))

    found, whole = parse_maps(lines)

    assert len(found) == MAX_PATHS
    assert not whole


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data):
    """Whatever maps says, nothing is raised."""
    assert isinstance(parse_maps(SAMPLE + data)[0], dict)

import time

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
    found = parse_maps(SAMPLE)

    assert found.whole
    assert found.paths == ("/usr/bin/sed", "/srv/my models/a.gguf", "/srv/b.gguf (deleted)", "/srv/line\nfeed.gguf")
    assert found.runs == {"/usr/bin/sed"}
    assert found.extent("/srv/my models/a.gguf") == (77, 6 << 20)
    assert found.extent("/srv/line\nfeed.gguf") == (79, 4096)
    assert found.extent("/srv/a.gguf") == (0, 0)


def test_more_paths_than_the_limit_are_said_to_be_too_many():
    """Beyond the limit the answer says that it is not the whole."""
    found = parse_maps(b"".join(b"1000-2000 r--p 00000000 fe:00 7 /f/%d\n" % n for n in range(MAX_PATHS + 1)))

    assert len(found.paths) == MAX_PATHS
    assert not found.whole


def test_path_with_an_x_in_it_does_not_run():
    """The right to run is read from its column, not from the path."""
    assert parse_maps(b"1000-2000 r--p 00000000 fe:00 7 /f/r-xp 00 /x\n").runs == frozenset()


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data):
    """Whatever maps says, nothing is raised."""
    found = parse_maps(SAMPLE + data)

    assert "/usr/bin/sed" in found.paths
    assert all(isinstance(found.extent(path), tuple) for path in found.paths)


def test_extents_of_thousands_of_files_are_read_once():
    """A process that maps thousands of deleted files costs one reading of its maps, not one for each file."""
    lines = [b"%x000-%x000 r--p 00000000 fe:00 7 /f/%d (deleted)\n" % (n, n + 1, n) for n in range(1, 20_000)]
    found = parse_maps(b"".join(lines))

    before = time.process_time()
    assert all(found.extent(path) == (7, 4096) for path in found.paths)

    assert time.process_time() - before < 5

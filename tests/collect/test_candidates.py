import pytest

from aiguard_agent.collect.candidates import (
    BIG,
    HUGE,
    digest_in_name,
    held_candidate,
    named_like_model,
    store_candidate,
)

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("a.gguf", 100, True),
        ("A.GGUF", 100, True),
        ("model.safetensors", 100, True),
        (f"sha256-{DIGEST}", 100, True),
        ("weights", BIG, True),
        ("weights", BIG - 1, False),
        ("libtorch_cpu.so", BIG * 50, False),
        ("libc.so.6", BIG, False),
        ("app.jar", BIG, False),
        ("server.log", BIG, False),
        ("chroma.sqlite3", BIG, False),
        ("font.ttf", BIG, False),
        ("locale-archive", BIG, False),
        ("a.gguf", 0, False),
        ("spiece.model", 800_000, False),
        ("spiece.model", 4 << 20, True),
        (".gguf", 100, False),
    ],
)
def test_held_file_is_a_candidate_by_name_or_by_size(name, size, expected):
    """Held files count when named like weights or big, never when they are libraries, logs, databases, fonts."""
    assert held_candidate(name, size) is expected


def test_library_that_nobody_can_run_is_a_candidate():
    """A model renamed to .so is never mapped to run, so its name does not hide it; a real library stays out."""
    assert held_candidate("weights.so", BIG, runs=False)
    assert not held_candidate("weights.so", BIG, runs=True)
    assert not held_candidate("app.log", BIG, runs=False)


@pytest.mark.parametrize(
    ("name", "size", "trusted", "expected"),
    [
        ("config.json", 10, True, True),
        ("package.json", 10, True, False),
        ("model.safetensors.index.json", 10, False, True),
        ("pytorch_model.bin.index.json", 10, False, True),
        ("index.json", 10, True, False),
        ("_METADATA", 10, False, True),
        ("METADATA", 10, True, False),
        ("xgb.json", 10, False, True),
        ("openvino_model.xml", 10, False, True),
        ("pom.xml", 10, False, False),
        ("variables.data-00000-of-00001", 10, False, True),
        ("blob", 2 << 20, True, True),
        ("blob", 2 << 20, False, False),
        ("README.md", 2 << 20, True, False),
        ("lgb_model.txt", 10, False, True),
        ("notes.txt", 10, False, False),
        ("a.onnx", 0, True, False),
    ],
)
def test_store_file_is_kept_by_name_and_in_trusted_places_by_size(name, size, trusted, expected):
    """Names count everywhere, size alone only where nothing but models should lie."""
    assert store_candidate(name, size, trusted=trusted) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [(DIGEST, DIGEST), (f"sha256-{DIGEST}", DIGEST), (DIGEST[:-1], None), (DIGEST.upper(), None), (f"x{DIGEST}", None)],
)
def test_only_a_whole_sha256_is_a_digest(name, expected):
    """A content-addressed name is 64 hex digits, nothing shorter and nothing longer."""
    assert digest_in_name(name) == expected


def test_plain_words_are_no_model_names():
    """Ordinary file names earn no look."""
    assert not any(named_like_model(name) for name in ("binary", "model", "x.json", "gguf", "a.gguf.part"))


@pytest.mark.parametrize(
    ("name", "size", "runs", "expected"),
    [
        ("weights.log", HUGE, False, True),
        ("weights.db", HUGE, False, True),
        ("weights.log", HUGE, True, False),
        ("weights.log", HUGE - 1, False, False),
        ("locale-archive", HUGE, False, True),
        ("libtorch_cuda.so", 2 * HUGE, True, False),
    ],
)
def test_no_name_excuses_what_is_mapped_and_huge(name, size, runs, expected):
    """Whoever calls his weights a log or a database has them looked into, as long as they are no program."""
    assert held_candidate(name, size, runs=runs) is expected

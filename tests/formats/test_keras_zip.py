"""Keras 3 archives."""

import io
import json
import zipfile

import pytest

from aiguard_agent.identify.formats.keras_zip import FORMAT

REAL = "keras-keras-3.15.1.keras"


def archive(members: dict[str, bytes | str], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, body in members.items():
            made.writestr(name, body)
    return out.getvalue()


def keras(config: object, **others: bytes | str) -> bytes:
    text = config if isinstance(config, str) else json.dumps(config)
    return archive(
        {"metadata.json": "{}", "config.json": text, "model.weights.h5": b"", **others}, zipfile.ZIP_DEFLATED
    )


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of Keras gives name, kind, version and weights, and can run code."""
    header = look(FORMAT, example(REAL))

    assert (header.name, header.architecture, header.parameters) == ("tiny", "Sequential", 16)
    assert header.complete and not header.remarks and header.runs_code
    assert dict(header.extra)["keras_version"] == "3.15.1"


def test_the_weights_alone_have_the_same_fingerprint(look, example) -> None:
    """The archive's weights are the file that save_weights writes."""
    from aiguard_agent.identify.formats import hdf5

    weights = look(hdf5.FORMAT, example("hdf5-keras-3.15.1.weights.h5"), name="x.weights.h5")

    assert look(FORMAT, example(REAL)).fingerprint == weights.fingerprint


def test_a_repacked_archive_reads_the_same(look, example) -> None:
    """Compression of the members changes nothing."""
    with zipfile.ZipFile(io.BytesIO(example(REAL))) as made:
        members = {name: made.read(name) for name in made.namelist()}

    packed = archive(members, zipfile.ZIP_DEFLATED)

    assert look(FORMAT, packed) == look(FORMAT, example(REAL))


@pytest.mark.parametrize(
    ("config", "key", "expected"),
    [
        ({"class_name": "Functional", "config": {"layers": [{"class_name": "Lambda"}]}}, "lambda", "yes"),
        ({"class_name": "F", "config": {"layers": [{"module": "os", "class_name": "x"}]}}, "foreign_modules", "os"),
        ({"class_name": "F", "config": {"layers": [{"module": "keras.layers"}]}}, "foreign_modules", None),
        ({"class_name": "F", "config": {"layers": [{"module": "kerasx.layers"}]}}, "foreign_modules", "kerasx.layers"),
    ],
)
def test_what_can_run_code_is_told(look, config: object, key: str, expected: str | None) -> None:
    """Lambda layers and foreign modules at any depth are told; Keras's own are not."""
    assert dict(look(FORMAT, keras(config)).extra).get(key) == expected


@pytest.mark.parametrize("config", ["", "{", "[" * 100_000, '{"class_name": 1}', " " * (9 * 2**20)])
def test_a_broken_configuration_is_not_complete(look, config: str) -> None:
    """Members decide the format; what cannot be read inside is told."""
    header = look(FORMAT, keras(config))

    assert header.format == "keras" and not header.complete


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        archive({"config.json": "{}", "metadata.json": "{}"}),
        archive({"config.json": "{}", "model.weights.h5": b""}),
        archive({"data.pkl": b"", "version": "3"}),
        archive({"a/config.json": "{}", "a/metadata.json": "{}", "a/model.weights.h5": b""}),
    ],
)
def test_other_zips_are_not_keras(look, data: bytes) -> None:
    """All three members must be there, at the top."""
    assert look(FORMAT, data) is None


def test_a_list_of_members_that_is_broken_is_told(look) -> None:
    """A directory that ends early is not the whole list."""
    data = keras({"class_name": "F"})
    cut = data[: data.rfind(b"PK\x05\x06")]

    header = look(FORMAT, cut)

    assert header is None or not header.complete

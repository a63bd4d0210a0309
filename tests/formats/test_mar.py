"""TorchServe archives."""

import io
import json
import zipfile

from aiguard_agent.identify.formats.mar import FORMAT


def archive(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("model.pt", b"")
        file.writestr(name, text)
    return buffer.getvalue()


MANIFEST = {
    "createdOn": "01/01/2026",
    "runtime": "python",
    "model": {"modelName": "dense", "modelVersion": "1.0", "handler": "handler.py", "serializedFile": "model.pt"},
    "archiverVersion": "0.12.0",
}


def test_the_manifest_is_read(look) -> None:
    """Name, handler and weights; its handler is code."""
    header = look(FORMAT, archive("MAR-INF/MANIFEST.json", json.dumps(MANIFEST)))

    extra = dict(header.extra)
    assert (header.name, header.runs_code, header.complete) == ("dense", True, True)
    assert (extra["handler"], extra["weights"], extra["version"]) == ("handler.py", "model.pt", "1.0")


def test_a_jar_is_none(look) -> None:
    """A manifest of Java has another name."""
    assert look(FORMAT, archive("META-INF/MANIFEST.MF", "")) is None


def test_a_manifest_that_is_none_is_not_complete(look) -> None:
    """The archive is named by its member, the rest is not known."""
    for text in ("", "[]", '{"model": 3}'):
        header = look(FORMAT, archive("MAR-INF/MANIFEST.json", text))
        assert not header.complete

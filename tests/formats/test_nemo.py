"""NeMo models."""

import gzip
import io
import tarfile

from aiguard_agent.identify.formats.nemo import FORMAT

CONFIG = b"sample_rate: 16000\ntarget: nemo.collections.asr.models.EncDecCTCModel\nnemo_version: 1.23.0\n"


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_yaml", ".yaml").replace("_ckpt", ".ckpt"))
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_the_config_names_the_class(look) -> None:
    """Class and version come from the YAML, which is not parsed as YAML."""
    header = look(FORMAT, archive(model_config_yaml=CONFIG, model_weights_ckpt=b"PK"))

    assert (header.architecture, header.runs_code, header.complete) == ("EncDecCTCModel", True, True)
    assert dict(header.extra)["version"] == "1.23.0"


def test_a_compressed_one_is_read_under_its_name(look) -> None:
    """gzip of a tar is anybody's, unless it is called .nemo."""
    data = gzip.compress(archive(model_config_yaml=CONFIG))

    assert look(FORMAT, data, name="x.nemo").architecture == "EncDecCTCModel"
    assert look(FORMAT, data, name="x.tgz") is None


def test_a_path_that_leads_out_is_told(look) -> None:
    """Unpacking it would write elsewhere."""
    data = archive(**{"model_config_yaml": CONFIG, "..__..__x_ckpt": b""})

    assert "a member's path leads out of the archive" in look(FORMAT, data).remarks


def test_without_weights_it_is_not_complete(look) -> None:
    """A config alone is not the whole model."""
    assert not look(FORMAT, archive(model_config_yaml=CONFIG)).complete


def test_another_tar_is_none(look) -> None:
    """A tar without the config is anything."""
    assert look(FORMAT, archive(readme=b"hello")) is None


def test_every_prefix_is_survived(look) -> None:
    """A file cut anywhere gives None or a header."""
    data = archive(model_config_yaml=CONFIG, model_weights_ckpt=b"PK")

    for end in range(0, len(data), 41):
        header = look(FORMAT, data[:end])
        assert header is None or header.format == "nemo"

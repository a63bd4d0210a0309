"""OpenVINO graphs."""

import pytest

from aiguard_agent.identify.formats.openvino import FORMAT, MOST_TEXT

REAL = "openvino-openvino-2026.4.1.xml"


def net(layers: str = "", head: str = '<?xml version="1.0"?>') -> bytes:
    return f'{head}<net name="n" version="11"><layers>{layers}</layers></net>'.encode()


def const(shape: str, name: str = "w") -> str:
    return (
        f'<layer id="1" name="{name}" type="Const" version="opset1"><data element_type="i8" shape="{shape}" /></layer>'
    )


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of OpenVINO gives name, constants and the file of weights."""
    header = look(FORMAT, example(REAL), name="tiny.xml")

    assert (header.name, header.parameters, header.quantization) == ("tiny", 12, "F16")
    assert header.links == ("tiny.bin",)
    assert header.complete and not header.remarks and not header.runs_code


def test_scalars_and_lists_are_counted(look) -> None:
    """An empty shape is one number; other layers have none."""
    layers = const("") + const("2, 3") + '<layer id="2" name="p" type="Parameter"><data shape="9" element_type="f32"/>'

    assert look(FORMAT, net(layers)).parameters == 7


def test_who_wrote_it_is_told(look) -> None:
    """The information at the end of the text is read."""
    data = net().replace(b"</net>", b'<rt_info><Runtime_version value="2024.1.0" /></rt_info></net>')

    assert dict(look(FORMAT, data).extra)["runtime_version"] == "2024.1.0"


def test_entities_are_never_expanded(look) -> None:
    """A billion laughs stays the text that it is, and is told."""
    laughs = '<!DOCTYPE net [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'

    header = look(FORMAT, net(const("4", "&b;"), laughs))

    assert "the text declares a document type or entities" in header.remarks
    assert header.parameters == 4


@pytest.mark.parametrize("shape", ["x", "-1", "9" * 30, "99999999999, 99999999999"])
def test_a_forged_shape_is_not_complete(look, shape: str) -> None:
    """What is no list of numbers of a model ends the reading."""
    assert not look(FORMAT, net(const(shape))).complete


def test_a_cut_graph_is_not_complete(look, example) -> None:
    """A text without its end says so."""
    assert not look(FORMAT, example(REAL)[:-20]).complete


def test_an_endless_graph_stops_at_the_limit(look) -> None:
    """A graph beyond the limit is told and not read."""
    data = net(const("4"))[:-6] + b" " * MOST_TEXT

    header = look(FORMAT, data, size=10 * 2**30)

    assert not header.complete and header.fingerprint == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body></body></html>",
        b'<net name="x">',
        b'<net name="x" version="a">',
        b'see <net name="x" version="11">',
        b'<petnet name="x" version="11">',
        b"<net " + b"a" * 4000,
    ],
)
def test_other_texts_are_not_openvino(look, data: bytes) -> None:
    """XML of other programs, and prose about OpenVINO, are something else."""
    assert look(FORMAT, data) is None

"""The structural fingerprint."""

import re

from aiguard_agent.identify.fingerprint import fingerprint, parameters

A = ("a", "F32", (2, 3))
B = ("b", "F16", (4,))


def test_order_does_not_matter() -> None:
    """Two files with the same tensors in another order are the same model."""
    assert fingerprint([A, B]) == fingerprint([B, A])
    assert re.fullmatch(r"[0-9a-f]{64}", fingerprint([A]))


def test_name_type_and_shape_matter() -> None:
    """A change of any name, type or shape is another model."""
    others = [("a2", "F32", (2, 3)), ("a", "BF16", (2, 3)), ("a", "F32", (3, 2)), ("a", "F32", (2, 3, 1))]

    assert len({fingerprint([t]) for t in [A, *others]}) == 1 + len(others)


def test_a_name_cannot_pose_as_two_fields() -> None:
    """A name that contains separators does not collide with a tensor of the spelled-out parts."""
    assert fingerprint([("a\x00F32", "", ())]) != fingerprint([("a", "F32", ())])
    assert fingerprint([("", "aF32", (1,))]) != fingerprint([("a", "F32", (1,))])


def test_nothing_has_no_fingerprint() -> None:
    """Without tensors there is no fingerprint, so that empty files do not look alike."""
    assert fingerprint([]) == ""


def test_an_undecodable_name_still_has_a_fingerprint() -> None:
    """A lone surrogate in a name is no exception."""
    assert fingerprint([("\udcff", "F32", (1,))]) != ""


def test_parameters_are_products_summed() -> None:
    """A scalar counts one, an empty dimension none."""
    assert parameters([A, B, ("s", "F32", ()), ("e", "F32", (0, 5))]) == 6 + 4 + 1
    assert parameters([]) == 0

"""Pass over the raw arrays that joblib writes between the opcodes of its pickles.

Behind the BUILD of a `NumpyArrayWrapper`: a pickle of its own when the array holds objects; else one byte n and n
filler bytes (when the wrapper names an alignment), then the array as it lies in memory.
"""

from __future__ import annotations

import math

from aiguard_agent.identify.cursor import Limit, Truncated
from aiguard_agent.identify.pickle_machine import Broken, Machine
from aiguard_agent.identify.pickle_values import Ended, Global, Made

MAX_NESTED = 3
ARRAY_WRAPPER = Global("joblib.numpy_pickle", "NumpyArrayWrapper")


def skip_array(machine: Machine, state: object) -> None:
    """Pass over the raw array that joblib writes behind its wrapper."""
    known = state if isinstance(state, dict) else {}
    code = _dtype_code(known.get("dtype"))
    if code.startswith("O"):
        _skip_nested(machine)
        return
    if known.get("numpy_array_alignment_bytes") is not None:
        machine.cursor.skip(machine.cursor.byte())
    shape = known.get("shape")
    digits = code[1:]
    sizes = [size for size in shape if isinstance(size, int)] if isinstance(shape, tuple) else None
    if sizes is None or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise Broken("an array of unknown size")
    width = int(digits) * (4 if code[0] == "U" else 1)
    machine.cursor.skip(math.prod(sizes) * width)


def _dtype_code(dtype: object) -> str:
    if isinstance(dtype, Made) and isinstance(dtype.args, tuple) and dtype.args and isinstance(dtype.args[0], str):
        return dtype.args[0]
    return ""


def _skip_nested(machine: Machine) -> None:
    """Walk the pickle that stands for an array of objects."""
    if machine.nested >= MAX_NESTED:
        raise Limit("arrays of objects nested too deep")
    inner = Machine(machine.cursor, machine.steps, machine.max_opcodes - machine.opcodes, machine.nested + 1)
    ended, why = inner.run()
    machine.opcodes += inner.opcodes
    machine.globals |= inner.globals
    machine.dynamic |= inner.dynamic
    machine.extensions |= inner.extensions
    match ended:
        case Ended.STOP:
            return
        case Ended.TRUNCATED:
            raise Truncated
        case Ended.LIMIT:
            raise Limit(why)
        case Ended.BROKEN:
            raise Broken(why)

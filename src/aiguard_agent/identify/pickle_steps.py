"""What the opcodes of a pickle do to the stack machine, one small step each.

Strings, small numbers, tuples, dicts and calls are kept as values, everything else is `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable

from aiguard_agent.identify.joblib_arrays import ARRAY_WRAPPER, skip_array
from aiguard_agent.identify.pickle_machine import Broken, Machine, Step
from aiguard_agent.identify.pickle_values import UNKNOWN, Made, PersistentId

MAX_KEPT = 4_096
"""Bytes of a string that is kept; longer ones are no names."""
MAX_LIST = 4_096


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _constant(value: object) -> Step:
    return lambda machine: machine.push(value)


def _fresh(kind: Callable[[], object]) -> Step:
    return lambda machine: machine.push(kind())


def _skip_fixed(length: int) -> Step:
    def step(machine: Machine) -> None:
        machine.cursor.skip(length)
        machine.push(UNKNOWN)

    return step


def _int(length: int, *, signed: bool = False) -> Step:
    return lambda m: m.push(int.from_bytes(m.cursor.take(length), "little", signed=signed))


def _blob(prefix: int, keep: Callable[[bytes], object] | None) -> Step:
    """A value with its length before it; kept when short and wanted."""

    def step(machine: Machine) -> None:
        length = _number(machine.cursor.take(prefix))
        if keep is None or length > MAX_KEPT:
            machine.cursor.skip(length)
            machine.push(UNKNOWN)
        else:
            machine.push(keep(machine.cursor.take(length)))

    return step


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _name_line(machine: Machine) -> str:
    raw = machine.cursor.line()
    if raw is None:
        raise Broken("a name of absurd length")
    return _text(raw)


def _line_unknown(machine: Machine) -> None:
    machine.cursor.line()
    machine.push(UNKNOWN)


def _line_int(machine: Machine) -> None:
    raw = machine.cursor.line()
    if raw in (b"00", b"01"):
        machine.push(raw == b"01")
    elif raw is None or len(raw) > 40:
        # Longer than any size of a tensor: not worth the conversion.
        machine.push(UNKNOWN)
    else:
        machine.push(int(raw.rstrip(b"L")))


def _line_string(machine: Machine) -> None:
    raw = machine.cursor.line()
    if raw is None:
        machine.push(UNKNOWN)
        return
    if len(raw) < 2 or raw[:1] != raw[-1:] or raw[:1] not in (b"'", b'"'):
        raise Broken("a string without quotes")
    machine.push(UNKNOWN if b"\\" in raw else raw[1:-1].decode("latin-1"))


def _line_unicode(machine: Machine) -> None:
    raw = machine.cursor.line()
    machine.push(UNKNOWN if raw is None else raw.decode("raw-unicode-escape"))


def _persid(machine: Machine) -> None:
    machine.persistent += 1
    machine.push(PersistentId(_name_line(machine)))


def _binpersid(machine: Machine) -> None:
    machine.persistent += 1
    machine.push(PersistentId(machine.pop()))


def _global(machine: Machine) -> None:
    module, name = _name_line(machine), _name_line(machine)
    machine.push(machine.name(module, name))


def _stack_global(machine: Machine) -> None:
    name = machine.pop()
    found = machine.name(machine.pop(), name)
    machine.push(UNKNOWN if found is None else found)


def _extension(length: int) -> Step:
    def step(machine: Machine) -> None:
        machine.cursor.skip(length)
        machine.extensions = True
        machine.push(UNKNOWN)

    return step


def _inst(machine: Machine) -> None:
    module, name = _name_line(machine), _name_line(machine)
    machine.push(Made(machine.name(module, name), tuple(machine.pop_mark())))


def _obj(machine: Machine) -> None:
    values = machine.pop_mark()
    if not values:
        raise Broken("an object without class")
    machine.push(Made(values[0], tuple(values[1:])))


def _call(machine: Machine) -> None:
    args = machine.pop()
    machine.push(Made(machine.pop(), args))


def _call_with_keywords(machine: Machine) -> None:
    machine.pop()
    _call(machine)


def _build(machine: Machine) -> None:
    state = machine.pop()
    made = machine.top()
    if isinstance(made, Made):
        made.state = state
        if made.what == ARRAY_WRAPPER:
            skip_array(machine, state)


def _mark(machine: Machine) -> None:
    machine.marks.append(len(machine.stack))


def _pop(machine: Machine) -> None:
    # As the real unpickler does: with nothing above the mark, the mark itself goes.
    if machine.marks and len(machine.stack) == machine.marks[-1]:
        machine.marks.pop()
    else:
        machine.pop()


def _pop_to_mark(machine: Machine) -> None:
    machine.pop_mark()


def _tuple(machine: Machine) -> None:
    machine.push(tuple(machine.pop_mark()))


def _tuple_of(count: int) -> Step:
    def step(machine: Machine) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return step


def _list(machine: Machine) -> None:
    values: list[object] = []
    _extend(values, machine.pop_mark())
    machine.push(values)


def _append(machine: Machine) -> None:
    value = machine.pop()
    _extend(machine.top(), [value])


def _appends(machine: Machine) -> None:
    values = machine.pop_mark()
    _extend(machine.top(), values)


def _extend(target: object, values: list[object]) -> None:
    kept = target.appended if isinstance(target, Made) else target
    if isinstance(kept, list):
        # Numbers in a list are data; what may hold tensors or names is not.
        wanted = [value for value in values if not isinstance(value, (int, float)) and value is not UNKNOWN]
        kept.extend(wanted[: max(0, MAX_LIST - len(kept))])


def _dict(machine: Machine) -> None:
    items: dict[str | int, object] = {}
    _set(items, machine.pop_mark())
    machine.push(items)


def _setitem(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _set(machine.top(), [key, value])


def _setitems(machine: Machine) -> None:
    pairs = machine.pop_mark()
    _set(machine.top(), pairs)


def _set(target: object, pairs: list[object]) -> None:
    if len(pairs) % 2:
        raise Broken("a key without value")
    items = target.items if isinstance(target, Made) else target
    if isinstance(items, dict):
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if isinstance(key, (str, int)):
                items[key] = value


def _frozenset(machine: Machine) -> None:
    machine.pop_mark()
    machine.push(UNKNOWN)


def _additems(machine: Machine) -> None:
    machine.pop_mark()
    machine.top()


def _proto(machine: Machine) -> None:
    machine.protocol = machine.cursor.byte()
    if machine.protocol > 5:
        raise Broken(f"protocol {machine.protocol}")


def _frame(machine: Machine) -> None:
    machine.cursor.skip(8)


def _memoize(machine: Machine) -> None:
    machine.memo[len(machine.memo)] = machine.top()


def _get(machine: Machine) -> None:
    machine.recall(_index(machine))


def _put(machine: Machine) -> None:
    machine.memo[_index(machine)] = machine.top()


def _index(machine: Machine) -> int:
    raw = machine.cursor.line()
    if raw is None or len(raw) > 20:
        raise Broken("a memo number out of range")
    return int(raw)


def _get_fixed(length: int) -> Step:
    return lambda machine: machine.recall(_number(machine.cursor.take(length)))


def _put_fixed(length: int) -> Step:
    def step(machine: Machine) -> None:
        machine.memo[_number(machine.cursor.take(length))] = machine.top()

    return step


def _stop(machine: Machine) -> None:
    machine.result = machine.pop()
    machine.stopped = True


def _nothing(machine: Machine) -> None:
    """The opcode changes nothing that the scan follows."""


STEPS: dict[int, Step] = {
    ord("("): _mark,
    ord("."): _stop,
    ord("0"): _pop,
    ord("1"): _pop_to_mark,
    ord("2"): lambda machine: machine.push(machine.top()),
    ord("F"): _line_unknown,
    ord("I"): _line_int,
    ord("J"): _int(4, signed=True),
    ord("K"): _int(1),
    ord("L"): _line_int,
    ord("M"): _int(2),
    ord("N"): _constant(None),
    ord("P"): _persid,
    ord("Q"): _binpersid,
    ord("R"): _call,
    ord("S"): _line_string,
    ord("T"): _blob(4, lambda raw: raw.decode("latin-1")),
    ord("U"): _blob(1, lambda raw: raw.decode("latin-1")),
    ord("V"): _line_unicode,
    ord("X"): _blob(4, _text),
    ord("a"): _append,
    ord("b"): _build,
    ord("c"): _global,
    ord("d"): _dict,
    ord("}"): _fresh(dict),
    ord("e"): _appends,
    ord("g"): _get,
    ord("h"): _get_fixed(1),
    ord("i"): _inst,
    ord("j"): _get_fixed(4),
    ord("l"): _list,
    ord("]"): _fresh(list),
    ord("o"): _obj,
    ord("p"): _put,
    ord("q"): _put_fixed(1),
    ord("r"): _put_fixed(4),
    ord("s"): _setitem,
    ord("t"): _tuple,
    ord(")"): _constant(()),
    ord("u"): _setitems,
    ord("G"): _skip_fixed(8),
    ord("B"): _blob(4, None),
    ord("C"): _blob(1, None),
    0x80: _proto,
    0x81: _call,
    0x82: _extension(1),
    0x83: _extension(2),
    0x84: _extension(4),
    0x85: _tuple_of(1),
    0x86: _tuple_of(2),
    0x87: _tuple_of(3),
    0x88: _constant(True),
    0x89: _constant(False),
    0x8A: _blob(1, _signed),
    0x8B: _blob(4, _signed),
    0x8C: _blob(1, _text),
    0x8D: _blob(8, _text),
    0x8E: _blob(8, None),
    0x8F: _constant(UNKNOWN),
    0x90: _additems,
    0x91: _frozenset,
    0x92: _call_with_keywords,
    0x93: _stack_global,
    0x94: _memoize,
    0x95: _frame,
    0x96: _blob(8, None),
    0x97: _constant(UNKNOWN),
    0x98: _nothing,
}
"""What each opcode does to the machine; the numbers are those of CPython's pickletools."""

"""Compare an answer with the shape it must have. Nothing is asked of anybody here.

A shape is
    an object        whose fields are all compulsory; further ones are allowed
    [shape]          at least one item, and every one fits
    [shape, shape…]  these items, in this order; `[]` is an empty list
    "<kind|kind>"    one of `KINDS`; `<none>`: the field must not be there
    "~pattern"       text that matches as a whole
    {"<one of>": …}  any of these shapes
    {"<only>": …}    an object that has no further fields
    or else          this very value.
"""

import json
import re
from copy import deepcopy

MISSING = object()
"""The value of a field that is not there."""

KINDS = {
    "text": lambda value: isinstance(value, str) and value != "",
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "time": lambda value: isinstance(value, str) and bool(_TIME.fullmatch(value)),
    "none": lambda value: value is MISSING,
}

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


_SAMPLES = {"string": "?\n", "number": 0.5, "boolean": True, "null": None, "object": {}, "list": []}
"""What a field is changed to: something of another kind than it has."""


def differences(shape, value, where="answer"):
    """List where a value is not as the shape says."""
    match shape:
        case {"<one of>": choices}:
            return min((differences(choice, value, where) for choice in choices), key=len)
        case {"<only>": fields}:
            further = value.keys() - fields.keys() if isinstance(value, dict) else ()
            more = [f"{where}.{name}: {_shown(value[name])}, not nothing" for name in further]
            return differences(fields, value, where) + more
        case dict() if not isinstance(value, dict):
            return [f"{where}: {_shown(value)}, not an object"]
        case dict():
            inner = [(f"{where}.{name}", part, at(value, name)) for name, part in shape.items()]
        case [only] if isinstance(value, list) and value:
            inner = [(f"{where}.{place}", only, item) for place, item in enumerate(value)]
        case list() if isinstance(value, list) and len(shape) == len(value):
            pairs = enumerate(zip(shape, value, strict=True))
            inner = [(f"{where}.{place}", part, item) for place, (part, item) in pairs]
        case _:
            return [] if _fits(shape, value) else [f"{where}: {_shown(value)}, not {_said(shape)}"]
    return [one for place, part, item in inner for one in differences(part, item, place)]


def spoiled(shape, value):
    """Give the answers that have one field of the shape dropped or changed, each with its place."""
    for place, part in _places(shape, value):
        chosen = _chosen(part, at(value, *place))
        if isinstance(place[-1], str) and _compulsory(part):
            yield place, _put(value, place, MISSING)
        if _closed(part, at(value, *place)):
            yield place, _put(value, (*place, "further"), True)
        for other in _others(chosen, at(value, *place)):
            if other not in _numbers(part):
                yield place, _put(value, place, other)


def at(value, *place):
    """Give what is at this place; MISSING if nothing is."""
    for name in place:
        match value:
            case dict() if name in value:
                value = value[name]
            case list() if str(name).isdecimal() and int(name) < len(value):
                value = value[int(name)]
            case _:
                return MISSING
    return value


def _places(shape, value, place=()):
    """Give the place of everything that the shape lists, and its shape."""
    if place:
        yield place, shape
    match _chosen(shape, value):
        case dict() as fields:
            for name, part in fields.items():
                yield from _places(part, at(value, name), (*place, name))
        case [only]:
            yield from _places(only, value[0], (*place, 0))
        case list() as items:
            for number, part in enumerate(items):
                yield from _places(part, value[number], (*place, number))


def _chosen(shape, value):
    match shape:
        case {"<one of>": choices}:
            return _chosen(_fitting(choices, value), value)
        case {"<only>": fields}:
            return fields
        case _:
            return shape


def _fitting(choices, value):
    return next(choice for choice in choices if not differences(choice, value))


def _closed(shape, value):
    match shape:
        case {"<one of>": choices}:
            return _closed(_fitting(choices, value), value)
        case _:
            return isinstance(shape, dict) and "<only>" in shape


def _numbers(shape):
    """Give the numbers that are as good as the one there is."""
    choices = shape.get("<one of>", []) if isinstance(shape, dict) else []
    return [choice for choice in choices if type(choice) is int]


def _compulsory(shape):
    match shape:
        case {"<one of>": choices}:
            return all(_compulsory(choice) for choice in choices)
        case str() if shape.startswith("<"):
            return "none" not in shape.strip("<>").split("|")
        case _:
            return True


def _others(shape, value):
    """Give what this value is changed to: something near it, and something of another kind."""
    match shape:
        case bool():
            return [not value, None]
        case int() | float():
            return [value + 1, str(value)]
        case str() if shape.startswith("<"):
            kinds = set(shape.strip("<>").split("|"))
            kinds |= {"string"} if "text" in kinds else set()
            empty = [""] if "text" in kinds else []
            return empty + [sample for kind, sample in _SAMPLES.items() if kind not in kinds]
        case str():
            return [f"{value}\n\n", "?", None]
        case _:
            return ["strange"]


def _put(value, place, other):
    """Give a copy with another value at this place."""
    copied = deepcopy(value)
    parent = at(copied, *place[:-1])
    if other is MISSING:
        del parent[place[-1]]
    else:
        parent[place[-1]] = other
    return copied


def _fits(shape, value):
    match shape:
        case str() if shape.startswith("<"):
            return any(KINDS[kind](value) for kind in shape.strip("<>").split("|"))
        case str() if shape.startswith("~"):
            return isinstance(value, str) and bool(re.fullmatch(shape[1:], value))
        case _:
            return type(value) is type(shape) and value == shape


def _said(shape):
    if shape and isinstance(shape, list):
        return "a list of at least one" if len(shape) == 1 else f"a list of {len(shape)}"
    return shape if isinstance(shape, str) and shape[:1] in {"<", "~"} else json.dumps(shape)


def _shown(value):
    return "nothing" if value is MISSING else json.dumps(value)[:300]

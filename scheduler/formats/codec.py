"""Frozen dataclasses to plain JSON values and back, with the path of every fault."""

import dataclasses
import reprlib
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any

from scheduler.errors import InstanceError

EXACT_LIMIT = 2**53 - 1
"""Largest whole number that every reader of JSON keeps exactly (RFC 8259, section 6)."""

FIELD_LIMITS = {"_min": 10**9, "weight": 10**6}
"""Largest size of a number by the end of its field's name: minutes within some 1,900 years of the axis's
origin, and weights of which sums over a whole round stay far from 64 bits."""

_PLAIN_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
_JSON_NAMES = {dict: "an object", list: "a list", type(None): "nothing (null)"}
_PLAIN_KINDS = frozenset({int, float, str, bool, type(None)})

_Decoder = Callable[[Any], Any]


def encode(value: Any) -> Any:
    """Return `value` as JSON values; sets become sorted lists so that equal objects give equal text."""
    kind: Any = type(value)
    return value if kind in _PLAIN_KINDS else _encoder(kind)(value)


@cache
def _encoder(kind: type) -> Callable[[Any], Any]:
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
        return lambda value: {name: encode(getattr(value, name)) for name in names}
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, frozenset):
        return lambda value: sorted(map(encode, value))
    if issubclass(kind, list | tuple):
        return lambda value: [encode(item) for item in value]
    if issubclass(kind, dict):
        return lambda value: {key: encode(item) for key, item in value.items()}
    return lambda value: value


def decode(kind: Any, data: Any, path: str = "") -> Any:
    """Build a value of type `kind` from JSON values.

    Parameters
    ----------
    kind : type
        A dataclass, an Enum, int, float, str, bool, dict, a tuple or frozenset of these, or a union of types
        that JSON tells apart: null, one object, one list.
    data : Any
        What ``json.load`` returned.
    path : str
        Place of `data` in the whole document.

    Raises
    ------
    InstanceError
        Missing or unknown field, wrong type, a number beyond `limit_of` its field, or whatever the dataclass
        itself refuses.
    """
    try:
        return _decoder(kind)(data)
    except InstanceError as error:
        raise error.within(path) from None


def limit_of(field_name: str) -> int:
    """Return the largest size that a whole number in a field of this name may have."""
    return next((limit for ending, limit in FIELD_LIMITS.items() if field_name.endswith(ending)), EXACT_LIMIT)


# A decoder is made once for each type: 100,000 candidates are read in seconds. It knows no path, as building
# one for every value costs more than decoding it; an error gathers its path on the way out.
@cache
def _decoder(kind: Any, limit: int = EXACT_LIMIT) -> _Decoder:
    origin = typing.get_origin(kind)
    if isinstance(kind, types.UnionType):
        return _union_decoder(kind, limit)
    if origin in (tuple, frozenset):
        return _list_decoder(origin, _decoder(typing.get_args(kind)[0], limit))
    if dataclasses.is_dataclass(kind):
        return _object_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice_decoder(kind)
    return _plain_decoder(origin or kind, limit)


def _plain_decoder(kind: Any, limit: int) -> _Decoder:
    def decode_plain(data: Any) -> Any:
        if type(data) is not kind:  # exact: True must not pass as the number 1
            raise _expected(_PLAIN_NAMES[kind], data)
        return data

    def decode_whole(data: Any) -> Any:
        if type(data) is not int:
            raise _expected(_PLAIN_NAMES[int], data)
        if not -limit <= data <= limit:
            raise InstanceError("", f"must lie between -{limit} and {limit}")
        return data

    def decode_number(data: Any) -> Any:
        return float(data) if type(data) is int else decode_plain(data)

    def decode_free(data: Any) -> Any:
        if type(data) is not dict:
            raise _expected("an object", data)
        return dict(data)

    special: dict[Any, _Decoder] = {int: decode_whole, float: decode_number, dict: decode_free}
    return special.get(kind, decode_plain)


def _expected(wanted: str, data: Any) -> InstanceError:
    # reprlib: the value may be a list of a million items, or nested a hundred deep.
    word = "text" if isinstance(data, str) else "number"
    shown = str(data).lower() if isinstance(data, bool) else f"the {word} {reprlib.repr(data)}"
    return InstanceError("", f"expected {wanted}, got {_JSON_NAMES.get(type(data), shown)}")


def _union_decoder(kind: types.UnionType, limit: int) -> _Decoder:
    by_json: dict[type, _Decoder] = {}
    for choice in kind.__args__:
        json_kind = list if typing.get_origin(choice) in (tuple, frozenset) else dict
        if choice is not types.NoneType:
            by_json[json_kind] = _decoder(choice, limit)
    is_optional = types.NoneType in kind.__args__
    fallback = next(iter(by_json.values()))

    def decode_union(data: Any) -> Any:
        return None if data is None and is_optional else by_json.get(type(data), fallback)(data)

    return decode_union


def _list_decoder(container: Any, decode_item: _Decoder) -> _Decoder:
    def decode_list(data: Any) -> Any:
        if type(data) is not list:
            raise _expected("a list", data)
        items: list[Any] = []
        try:
            for item in data:
                items.append(decode_item(item))  # no comprehension: the length tells which item is at fault
        except InstanceError as error:
            raise error.within(f"[{len(items)}]") from None
        return container(items)

    return decode_list


def _choice_decoder(kind: type[Enum]) -> _Decoder:
    choices = {choice.value: choice for choice in kind}

    def decode_choice(data: Any) -> Enum:
        if not isinstance(data, str) or data not in choices:
            raise _expected(f"one of {', '.join(choices)}", data)
        return choices[data]

    return decode_choice


def _object_decoder(kind: Any) -> _Decoder:
    fields = dataclasses.fields(kind)
    hints = typing.get_type_hints(kind)
    decoders = {field.name: _decoder(hints[field.name], limit_of(field.name)) for field in fields}
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]

    def decode_object(data: Any) -> Any:
        if type(data) is not dict:
            raise _expected("an object", data)
        arguments = {}
        for name, value in data.items():
            decode_field = decoders.get(name)
            if decode_field is None:
                raise InstanceError(name, f"unknown field; known are {', '.join(decoders)}")
            try:
                arguments[name] = decode_field(value)
            except InstanceError as error:
                raise error.within(name) from None
        for name in required:
            if name not in arguments:
                raise InstanceError(name, "missing")
        return kind(**arguments)

    return decode_object

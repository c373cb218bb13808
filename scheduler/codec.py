"""Frozen dataclasses to plain JSON values and back, with the path of every fault."""

import dataclasses
import types
import typing
from enum import Enum
from functools import lru_cache
from typing import Any

from scheduler.errors import InstanceError

_PLAIN_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def encode(value: Any) -> Any:
    """Return `value` as JSON values; sets become sorted lists so that equal objects give equal text."""
    if dataclasses.is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(encode(item) for item in value)
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


def decode(kind: Any, data: Any, path: str = "") -> Any:
    """Build a value of type `kind` from JSON values.

    Parameters
    ----------
    kind : type
        A dataclass, an Enum, int, float, str, bool, dict, or a tuple, frozenset or optional of these.
    data : Any
        What ``json.load`` returned.
    path : str
        Place of `data` in the whole document.

    Raises
    ------
    InstanceError
        Missing or unknown field, wrong type, or whatever the dataclass itself refuses.
    """
    origin = typing.get_origin(kind)
    if isinstance(kind, types.UnionType):
        return _decode_optional(kind, data, path)
    if origin in (tuple, frozenset):
        return _decode_many(origin, typing.get_args(kind)[0], data, path)
    if dataclasses.is_dataclass(kind):
        return _decode_object(kind, data, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _decode_choice(kind, data, path)
    return _decode_plain(origin or kind, data, path)


def _decode_plain(kind: Any, data: Any, path: str) -> Any:
    if kind is dict:
        return dict(_require(dict, "an object", data, path))
    if kind is float and type(data) is int:
        return float(data)
    return _require(kind, _PLAIN_NAMES[kind], data, path)


def _require(kind: type, name: str, data: Any, path: str) -> Any:
    if type(data) is not kind:  # exact: True must not pass as the number 1
        raise InstanceError(path, f"expected {name}, got {_shown(data)}")
    return data


def _shown(data: Any) -> str:
    return "nothing (null)" if data is None else f"{type(data).__name__} {str(data)[:40]!r}"


def _decode_optional(kind: types.UnionType, data: Any, path: str) -> Any:
    if data is None:
        return None
    (inner,) = (choice for choice in kind.__args__ if choice is not types.NoneType)
    return decode(inner, data, path)


def _decode_many(container: Any, inner: Any, data: Any, path: str) -> Any:
    items = _require(list, "a list", data, path)
    return container(decode(inner, item, f"{path}[{index}]") for index, item in enumerate(items))


def _decode_choice(kind: type[Enum], data: Any, path: str) -> Enum:
    try:
        return kind(data)
    except ValueError:
        choices = ", ".join(str(choice.value) for choice in kind)
        raise InstanceError(path, f"expected one of {choices}, got {_shown(data)}") from None


@lru_cache
def _field_types(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_object(kind: Any, data: Any, path: str) -> Any:
    values = _require(dict, "an object", data, path)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    prefix = f"{path}." if path else ""
    for name in values:
        if name not in fields:
            raise InstanceError(f"{prefix}{name}", f"unknown field; known are {', '.join(fields)}")
    arguments = {}
    for name, field in fields.items():
        if name in values:
            arguments[name] = decode(_field_types(kind)[name], values[name], f"{prefix}{name}")
        elif field.default is dataclasses.MISSING:
            raise InstanceError(f"{prefix}{name}", "missing")
    try:
        return kind(**arguments)
    except InstanceError as error:
        raise error.within(path) from None

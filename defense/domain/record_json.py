"""The application record as plain JSON types, and back."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from defense.domain.application import ApplicationRecord

_PLAIN = {str, int, float, bool, type(None)}


def record_to_json(record: ApplicationRecord) -> dict[str, Any]:
    """The record as plain JSON types: ISO days and moments, lists, objects."""
    plain: dict[str, Any] = part_to_json(record)
    return plain


def record_from_json(data: dict[str, Any]) -> ApplicationRecord:
    """The inverse of `record_to_json`; what has a default may be missing, what is not known is left out.

    Raises
    ------
    KeyError, TypeError, ValueError
        Something is missing, or is not what it should be; the message begins with the field's name.
    """
    record: ApplicationRecord = part_from_json(ApplicationRecord, data)
    return record


def part_to_json(value: Any) -> Any:
    """A part of the record, or a tuple of parts, as plain JSON types."""
    type_: Any = type(value)
    if type_ in _PLAIN:
        return value
    if is_dataclass(value):
        return {name: part_to_json(getattr(value, name)) for name, _type, _is_needed in fields_of(type_)}
    if isinstance(value, tuple):
        return [part_to_json(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def part_from_json(type_: Any, data: Any) -> Any:
    """The inverse of `part_to_json` for a value of that type; raises as `record_from_json` does."""
    return _reader_of(type_)(data)


@cache
def _reader_of(type_: Any) -> Callable[[Any], Any]:
    # Twenty thousand records have some hundred values each: what a type is like is found out once.
    if typing.get_origin(type_) in (types.UnionType, typing.Union):
        read = _reader_of(next(t for t in typing.get_args(type_) if t is not types.NoneType))
        return lambda data: None if data is None else read(data)
    if typing.get_origin(type_) is tuple:
        read_item = _reader_of(typing.get_args(type_)[0])
        return lambda data: tuple(read_item(item) for item in _expect(list, data))
    if is_dataclass(type_):
        return lambda data: _object(type_, _expect(dict, data))
    if issubclass(type_, StrEnum):
        return lambda data: type_(_expect(str, data))
    if type_ in (date, datetime):
        return lambda data: type_.fromisoformat(_expect(str, data))
    return lambda data: _scalar(type_, data)


def _scalar(type_: type, data: Any) -> Any:
    if isinstance(data, bool) and type_ is not bool:
        raise TypeError(f"of type {type(data).__name__}, not {type_.__name__}")
    return _expect(type_, data)


def _object(type_: Any, data: dict[str, Any]) -> Any:
    values = {}
    for name, field_type, is_needed in fields_of(type_):
        if name in data:
            try:
                values[name] = _reader_of(field_type)(data[name])
            except (KeyError, TypeError, ValueError) as error:
                raise type(error)(f"{name}: {error.args[0] if error.args else error}") from error
        elif is_needed:
            raise KeyError(name)
    return type_(**values)


@cache
def fields_of(type_: Any) -> tuple[tuple[str, Any, bool], ...]:
    """Of a record or a part of one: name, type, and whether there is no default."""
    hints = typing.get_type_hints(type_)
    return tuple((field.name, hints[field.name], field.default is MISSING) for field in fields(type_))


def _expect(type_: type, data: Any) -> Any:
    if not isinstance(data, type_):
        raise TypeError(f"of type {type(data).__name__}, not {type_.__name__}")
    return data

"""Adapts the names, words and dates of another platform to the JSON form of our record, by a TOML file.

`[fields]` has our field → the path of theirs, `[lists.NAME]` the same within a list of objects,
`[values.FIELD]` their word → our value, `[days]` further notations of dates. What is not named is looked for
under our name.
"""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from defense.domain.application import ApplicationRecord
from defense.domain.errors import InvalidInput
from defense.domain.record_json import fields_of
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text

_TABLES = {"fields", "lists", "values", "days"}
_PERSONAL = ("name", "id_number", "phone", "email")
_ABSENT = object()


@dataclass(frozen=True)
class _Own:
    """One field of ours."""

    name: str
    type: Any
    """Without the None of an optional one."""
    is_list: bool
    is_needed: bool


@dataclass(frozen=True)
class ColumnMap:
    """See the module; dotted names of ours are keys: `publicity.start`, `degrees.school`."""

    paths: Mapping[str, str]
    """Our field → their path; of a list's fields the path begins within its objects."""
    values: Mapping[str, Mapping[str, Any]]
    day_formats: tuple[str, ...]

    def apply(self, theirs: Mapping[str, Any]) -> dict[str, Any]:
        """Their record in our form.

        Raises
        ------
        InvalidInput
            A word that its table does not have, or a date in none of the notations; the field is named, a
            personal value is not.
        """
        return self._object(ApplicationRecord, theirs, "")

    def number_of(self, theirs: Mapping[str, Any]) -> str:
        """The application's number in their record, for naming one that cannot be adapted."""
        number = _found(theirs, self.paths.get("number", "number"))
        return str(number) if isinstance(number, str | int) else "?"

    def _object(self, type_: Any, theirs: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        ours = {}
        for own in _own_fields(type_):
            value = self._field(own, theirs, prefix + own.name)
            if value is not _ABSENT:
                ours[own.name] = value
        return ours

    def _field(self, own: _Own, theirs: Mapping[str, Any], name: str) -> Any:
        if own.is_list:
            items = _found(theirs, self.paths.get(name, own.name))
            if not isinstance(items, list):
                return items
            parts = [item if isinstance(item, Mapping) else {} for item in items]
            return [self._object(own.type, part, f"{name}.") for part in parts]
        if is_dataclass(own.type):
            return self._part(own, theirs, name)
        return self._value(own, _found(theirs, self.paths.get(name, own.name)), name)

    def _part(self, own: _Own, theirs: Mapping[str, Any], name: str) -> Any:
        """A part whose fields may stand anywhere in their record; none of them there: no such part."""
        if not any(key.startswith(f"{name}.") for key in self.paths):
            inner = _found(theirs, own.name)
            return self._object(own.type, inner, f"{name}.") if isinstance(inner, Mapping) else inner
        part = self._object(own.type, theirs, f"{name}.")
        is_there = any(value not in (None, "") for value in part.values())
        return part if is_there or own.is_needed else None

    def _value(self, own: _Own, value: Any, name: str) -> Any:
        if value is _ABSENT or value is None:
            return value
        words = self.values.get(name)
        if words is not None:
            if str(value) not in words:
                raise _wrong(name, value, "的用词不在对照表中", "has a word that its table does not have")
            return words[str(value)]
        return self._day(own.type, value, name) if own.type in (date, datetime) else value

    def _day(self, type_: type[date], value: Any, name: str) -> Any:
        if value == "":
            return None
        for moment in self._readings(str(value)):
            if type_ is date:
                return moment.date().isoformat()
            return (moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).isoformat()
        raise _wrong(name, value, "的日期写法无法识别", "is a date in none of the notations")

    def _readings(self, text: str) -> Iterator[datetime]:
        for read in (datetime.fromisoformat, *(_reader(day_format) for day_format in self.day_formats)):
            try:
                yield read(text)
            except ValueError:
                continue


def load_column_map(path: Path) -> ColumnMap:
    """Read and check a map.

    Raises
    ------
    InvalidInput
        Naming the table and the key that is wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(path.name, str(error), str(error)) from error
    for table in data.keys() - _TABLES:
        raise _bad(f"[{table}]", "没有这种表", "there is no such table")
    paths = dict(_paths(_table(data, "fields"), "fields", ""))
    for name, table in _table(data, "lists").items():
        if name not in _KNOWN or not _KNOWN[name].is_list or not isinstance(table, dict):
            raise _bad(f"[lists.{name}]", "本系统没有这个列表", "there is no such list of ours")
        inner = {key: value for key, value in table.items() if key != "path"}
        paths |= dict(_paths({name: table.get("path", name)}, f"lists.{name}", ""))
        paths |= dict(_paths(inner, f"lists.{name}", f"{name}."))
    return ColumnMap(paths, dict(_values(_table(data, "values"))), _formats(_table(data, "days")))


def _paths(table: Mapping[str, Any], place: str, prefix: str) -> Iterator[tuple[str, str]]:
    for key, path in table.items():
        if prefix + key not in _KNOWN:
            raise _bad(f"[{place}] {key}", "本系统没有这个字段", "there is no such field of ours")
        if not isinstance(path, str) or not path:
            raise _bad(f"[{place}] {key}", "应为对方字段的路径", "the path of a field of theirs is wanted")
        yield prefix + key, path


def _values(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, words in _flat(table, ""):
        if name not in _KNOWN:
            raise _bad(f"[values.{name}]", "本系统没有这个字段", "there is no such field of ours")
        wanted = _KNOWN[name].type
        for word, value in words.items():
            plain = str if not issubclass(wanted, bool | int) else wanted
            is_known = isinstance(value, plain) and (wanted is bool) == isinstance(value, bool)
            if is_known and hasattr(wanted, "__members__"):
                is_known = value in {member.value for member in wanted}
            if not is_known:
                raise _bad(f"[values.{name}] {word}", f"{value!r} 不可用", f"{value!r} cannot be used")
        yield name, words


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """TOML reads `[values.publicity.objection_open]` as tables within tables."""
    for key, inner in table.items():
        if not isinstance(inner, dict):
            raise _bad(f"[values] {prefix}{key}", "应为对照表", "a table of words is wanted")
        if inner and all(isinstance(part, dict) for part in inner.values()):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield prefix + key, inner


def _formats(table: Mapping[str, Any]) -> tuple[str, ...]:
    formats = table.get("formats", [])
    if table.keys() - {"formats"} or not isinstance(formats, list):
        raise _bad("[days]", "只能有列表 formats", "it has nothing but the list formats")
    for day_format in formats:
        if not isinstance(day_format, str) or "%" not in day_format:
            raise _bad("[days] formats", f"{day_format!r} 不可用", f"{day_format!r} cannot be used")
    return tuple(formats)


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise _bad(f"[{name}]", "应为一个表", "a table is wanted")
    return table


def _reader(day_format: str) -> typing.Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, day_format)  # noqa: DTZ007 - a clock of Beijing is put on after


def _found(theirs: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(theirs, Mapping) or step not in theirs:
            return _ABSENT
        theirs = theirs[step]
    return theirs


def _own_fields(type_: Any) -> Iterator[_Own]:
    for name, hint, has_no_default in fields_of(type_):
        is_list = typing.get_origin(hint) is tuple
        is_optional = typing.get_origin(hint) in (types.UnionType, typing.Union)
        inner = hint
        if is_list or is_optional:
            inner = next(part for part in typing.get_args(hint) if part is not types.NoneType)
        yield _Own(name, inner, is_list, has_no_default and not is_optional)


def _all_fields(type_: Any, prefix: str = "") -> Iterator[tuple[str, _Own]]:
    for own in _own_fields(type_):
        yield prefix + own.name, own
        if is_dataclass(own.type):
            yield from _all_fields(own.type, f"{prefix}{own.name}.")


_KNOWN = dict(_all_fields(ApplicationRecord))


def _wrong(name: str, value: Any, zh: str, en: str) -> InvalidInput:
    shown = "" if name in _PERSONAL else f"（{str(value)[:30]}）"
    return InvalidInput(Text(f"“{name}”{zh}{shown}", f"“{name}” {en}{shown}"))


def _bad(place: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(
        Text(f"字段对照文件 {place} 有误：{zh}。", f"The column map is wrong at {place}: {en}.")
    )

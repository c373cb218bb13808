"""The contract with the upstream platform, and what the record's form in it has to be."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

FILE = Path(__file__).parent.parent / "docs" / "upstream-openapi.yaml"
FORMATS = FormatChecker(["date"])
_PLAIN = {str: "string", int: "integer", bool: "boolean"}


@FORMATS.checks("date-time", ValueError)
def _is_moment(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI file."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def faults_in(contract: dict[str, Any], schema: dict[str, Any], body: Any) -> list[str]:
    """Where a body is not as a schema of the contract wants it."""
    # Inside the whole file, so that its references lead somewhere.
    validator = Draft202012Validator(contract | schema, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


def schemas_of(type_: Any, into: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type of the record; schemas of its parts are put into `into` by their names."""
    if typing.get_origin(type_) in (types.UnionType, typing.Union):
        inner = next(t for t in typing.get_args(type_) if t is not types.NoneType)
        schema = schemas_of(inner, into)
        if "$ref" in schema:
            return {"oneOf": [schema, {"type": "null"}]}
        return schema | {"type": [schema["type"], "null"]}
    if typing.get_origin(type_) is tuple:
        return {"type": "array", "items": schemas_of(typing.get_args(type_)[0], into)}
    if type_ in (date, datetime):
        return {"type": "string", "format": "date-time" if type_ is datetime else "date"}
    if type_ in _PLAIN:
        return {"type": _PLAIN[type_]}
    if type_.__name__ not in into:
        into[type_.__name__] = {}
        into[type_.__name__] = _named(type_, into)
    return {"$ref": f"#/components/schemas/{type_.__name__}"}


def _named(type_: Any, into: dict[str, Any]) -> dict[str, Any]:
    if not is_dataclass(type_):
        assert issubclass(type_, StrEnum)
        return {"type": "string", "enum": [member.value for member in type_]}
    hints = typing.get_type_hints(type_)
    return {
        "type": "object",
        "required": [field.name for field in fields(type_) if field.default is MISSING],
        "properties": {field.name: schemas_of(hints[field.name], into) for field in fields(type_)},
    }

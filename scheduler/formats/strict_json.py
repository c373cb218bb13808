"""JSON without its loopholes: no doubled keys, no NaN, no number that some reader would round."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from scheduler.errors import InstanceError
from scheduler.formats.codec import EXACT_LIMIT

DEPTH_LIMIT = 100
"""Deepest nesting that an error names; an instance needs six levels."""

_SURELY_EXACT_DIGITS = len(str(EXACT_LIMIT)) - 1


@dataclass(frozen=True)
class _Fault:
    """Stands in the place of a value that JSON text can hold and an instance cannot."""

    problem: str


class _Doubled(dict[str, Any]):
    """An object in which `key` comes twice."""

    key = ""


class _Hooks:
    """What ``json.loads`` calls; it tells no hook where it is, so faults are left in the data and noted."""

    def __init__(self) -> None:
        self.is_suspect = False

    def fault(self, problem: str) -> _Fault:
        self.is_suspect = True
        return _Fault(problem)

    def whole(self, digits: str) -> int | _Fault:
        if len(digits) <= _SURELY_EXACT_DIGITS or (len(digits) < 20 and abs(int(digits)) <= EXACT_LIMIT):
            return int(digits)
        return self.fault(f"must lie between -{EXACT_LIMIT} and {EXACT_LIMIT}")

    def fraction(self, digits: str) -> float | _Fault:
        number = float(digits)
        return number if math.isfinite(number) else self.constant(digits)

    def constant(self, name: str) -> _Fault:
        return self.fault(f"{name} is not a finite number")

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) == len(pairs):
            return built
        self.is_suspect = True
        doubled = _Doubled(built)
        names = [name for name, _ in pairs]
        doubled.key = next(name for name in names if names.count(name) > 1)
        return doubled


def parse_json(text: str) -> Any:
    """Return the JSON values in `text`.

    Raises
    ------
    InstanceError
        With line and column of a fault of syntax, or the path of a value that is not exact.
    """
    if not text.strip():
        raise InstanceError("", "the file is empty")
    hooks = _Hooks()
    try:
        data = json.loads(
            text,
            object_pairs_hook=hooks.members,
            parse_int=hooks.whole,
            parse_float=hooks.fraction,
            parse_constant=hooks.constant,
        )
        if hooks.is_suspect or re.search(r"\\u[dD][89a-fA-F]", text):
            _refuse_suspects(data, "")
    except json.JSONDecodeError as error:
        raise _syntax_error(text, error) from None
    except RecursionError:
        raise _depth_error(text) from None
    return data


def _syntax_error(text: str, error: json.JSONDecodeError) -> InstanceError:
    is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    problem = "the file ends in the middle" if is_cut else f"not JSON: {error.msg}"
    return InstanceError(f"line {error.lineno}, column {error.colno}", problem)


def _depth_error(text: str) -> InstanceError:
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth > DEPTH_LIMIT:
            break
    line = text.count("\n", 0, token.start()) + 1
    column = token.start() - text.rfind("\n", 0, token.start())
    return InstanceError(f"line {line}, column {column}", f"nested deeper than {DEPTH_LIMIT} levels")


def _refuse_suspects(data: Any, path: str) -> None:
    """Raise for the first stand-in, doubled key or broken text in reading order."""
    if isinstance(data, _Fault):
        raise InstanceError(path, data.problem)
    if isinstance(data, str):
        _require_unicode(data, path)
    elif isinstance(data, list):
        for index, item in enumerate(data):
            _refuse_suspects(item, f"{path}[{index}]")
    elif isinstance(data, dict):
        if isinstance(data, _Doubled):
            raise InstanceError(_member(path, data.key), "the key comes twice")
        for name, item in data.items():
            _require_unicode(name, path)
            _refuse_suspects(item, _member(path, name))


def _member(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _require_unicode(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InstanceError(path, f"{text!r} holds half a character (a lone surrogate)") from None

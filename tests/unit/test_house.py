"""Tests about the house itself: who imports whom, access marks, translations, words for every code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask_socketio import Namespace

from defense.auth import OPEN_ENDPOINTS, MissingAccessMark, check_access_marks
from defense.extensions import socketio
from defense.web.audit_words import _ACTION_TEXT

PROJECT_DIR = Path(__file__).resolve().parents[2]

# What each room may import of ours and of other people's, the standard library aside (design: the house).
OWN_SERVICES = {
    *("defense.services", "defense.models", "defense.integrations", "defense.domain", "defense.settings"),
    *("scheduler", "voting", "sqlalchemy", "argon2"),
}
ALLOWED: dict[str, set[str]] = {
    "defense.domain": {"defense.domain"},
    "scheduler": {"scheduler", "numpy", "ortools"},
    "scheduler.checker": {"scheduler"},
    "scheduler.drawing.picture_png": {"scheduler", "resvg_py"},
    "sandbox": {"sandbox", "defense.domain", "defense.integrations", "flask", "werkzeug"},
    "voting": {"voting"},
    "voting.events": {"voting", "flask", "flask_socketio"},
    "defense.models": {"defense.models", "defense.extensions", "defense.domain", "sqlalchemy"},
    "defense.integrations": {
        *("defense.integrations", "defense.domain", "defense.settings"),
        *("openpyxl", "chinese_calendar", "icalendar", "imap_tools", "jinja2", "jwt", "redis"),
    },
    "defense.integrations.caldav_push": {"defense.settings", "caldav", "requests"},
    "defense.integrations.http_line": {"requests", "urllib3"},
    "defense.integrations.word": {
        *("defense.integrations.word", "defense.domain"),
        *("docxtpl", "jinja2", "lxml"),
    },
    "defense.services": OWN_SERVICES,
    "defense.services.throttle": {"limits", "redis"},
    **{
        f"defense.services.{room}": OWN_SERVICES | {"cryptography"}
        for room in ("keeping.archive_cipher", "keeping.at_rest", "room.ballot_box", "room.seals")
    },
    "defense.web": {
        *("defense.web", "defense.services", "defense.auth", "defense.errors", "defense.extensions"),
        *(
            "defense.models",
            "defense.domain",
            "voting",
            "flask",
            "flask_babel",
            "werkzeug",
            "gevent",
            "sqlalchemy",
        ),
    },
}


def modules() -> Iterator[tuple[str, Path]]:
    for room in ("defense", "sandbox", "scheduler", "voting"):
        for path in sorted((PROJECT_DIR / room).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(PROJECT_DIR).with_suffix("").parts)
                yield name.removesuffix(".__init__"), path


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}


def room_of(module: str) -> str | None:
    rooms = [room for room in ALLOWED if module == room or module.startswith(room + ".")]
    return max(rooms, key=len, default=None)


@pytest.mark.parametrize(("module", "path"), [pytest.param(*m, id=m[0]) for m in modules() if room_of(m[0])])
def test_rooms_import_only_what_they_may(module: str, path: Path) -> None:
    room = room_of(module)
    assert room is not None
    allowed = ALLOWED[room]
    strays = {
        name for name in imports_of(path) if not any(name == a or name.startswith(a + ".") for a in allowed)
    }
    assert not strays, f"{module} (room {room}) imports {strays}"


def test_nobody_imports_the_application() -> None:
    importers = {module for module, path in modules() if "defense.app" in imports_of(path)}
    assert importers == {"defense.server"}


@pytest.mark.parametrize("light", ["defense.domain.eligibility", "scheduler.checker", "voting.tally"])
def test_rules_load_without_the_web(light: str) -> None:
    """The rules can be used, and tried, without Flask, a database or the solver."""
    code = f"import sys, {light}; print([m for m in ('flask', 'sqlalchemy', 'ortools') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_view_without_an_access_mark_stops_the_start(app: Flask) -> None:
    check_access_marks(app, socketio)
    app.view_functions["forgotten"] = lambda: "open to everybody"
    with pytest.raises(MissingAccessMark, match="forgotten"):
        check_access_marks(app, socketio)
    del app.view_functions["forgotten"]


def test_an_event_without_an_access_mark_stops_the_start(app: Flask) -> None:
    class Forgetful(Namespace):  # type: ignore[misc]
        def on_peek(self, data: object) -> None: ...

    socketio.on_namespace(Forgetful("/forgetful"))
    with pytest.raises(MissingAccessMark, match="on_peek"):
        check_access_marks(app, socketio)


def test_only_files_of_libraries_are_served_unmarked(app: Flask) -> None:
    assert set(app.view_functions) >= OPEN_ENDPOINTS
    assert all(endpoint.endswith("static") for endpoint in OPEN_ENDPOINTS)


def test_every_text_of_the_pages_is_in_chinese() -> None:
    with (PROJECT_DIR / "defense/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        catalog = read_po(file, locale="zh")
    methods = [("email/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
    # Babel passes over folders such as `_macros` unless told otherwise.
    extracted = [
        found
        for room in ("defense", "templates")
        for found in extract_from_dir(
            str(PROJECT_DIR / room), method_map=methods, options_map={}, directory_filter=lambda _path: True
        )
    ]
    wanted = {message for _file, _line, message, _comments, _context in extracted if isinstance(message, str)}
    assert wanted
    missing = {m for m in wanted if m not in catalog or not catalog[m].string}
    assert not missing
    placeholders = re.compile(r"%\(\w+\)s|\{\w+\}")
    for message in wanted:
        assert set(placeholders.findall(message)) == set(placeholders.findall(str(catalog[message].string)))


def test_every_audited_action_has_words() -> None:
    pattern = re.compile(r"record_(?:audit|day)\(\s*[\w.()]+,\s*(?:principal,\s*)?\"([a-z_.]+)\"")
    actions = set()
    for _module, path in modules():
        actions |= set(pattern.findall(path.read_text(encoding="utf-8")))
    assert len(actions) > 10
    assert actions <= _ACTION_TEXT.keys()

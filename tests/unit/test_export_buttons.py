"""Every table that staff see can be taken as a workbook, or there is a reason why it need not."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
NEEDS_NONE = {
    "documents/attendance.html": "a printed paper, which leaves as a Word file",
    "documents/defence-records.html": "a printed paper, which leaves as a Word file",
    "documents/incidents.html": "a printed paper, which leaves as a Word file",
    "documents/minutes.html": "a printed paper, which leaves as a Word file",
    "documents/public-list.html": "a printed paper, which leaves as a Word file",
    "documents/summary.html": "a printed paper, which leaves as a Word file",
    "documents/timetable.html": "a printed paper, which leaves as a Word file",
    "documents/index.html": "the kinds of documents, with their links and forms; nobody's data",
    "documents/show.html": "the versions of one template, with their links and forms; nobody's data",
    "email/notice.html": "a letter to one person, not a page",
    "findings/rules.html": "the rules that hold, nobody's data; what they found has its own button",
    "imports/index.html": "the last uploads as links; what one brought to light has its button there",
    "minutes/show.html": "the minutes of one sitting, a paper to be printed and signed",
    "panels/show.html": "one panel with its forms; all panels are taken on the page of experts and panels",
    "partials/record.html": "one application's record; all applications are taken on their own page",
    "retention/index.html": "the archives that were made; the audit log has each of them too",
    "round_settings/index.html": "a form of settings",
    "schedule/_terms.html": "what a plan was weighed by, some fixed lines",
    "schedule/change.html": "a form to plan a change; the timetable it leads to has its button",
    "schedule/compare.html": "the aims of two drafts beside each other, some fixed lines",
    "schedule/half_day.html": "one half-day of the timetable, which is taken whole on its page",
    "screens/_state.html": "the screen outside a room, which shows the order of one sitting",
    "wordings/index.html": "the texts of the letters, with links to their forms; nobody's data",
}


def _with_tables() -> dict[str, str]:
    """Name of a template → its text, of those that have a table."""
    texts = {p.relative_to(TEMPLATES).as_posix(): p.read_text("utf-8") for p in TEMPLATES.rglob("*.html")}
    return {name: text for name, text in texts.items() if "<table" in text}


def test_every_table_of_staff_has_an_export_button_or_a_reason() -> None:
    without = {name for name, text in _with_tables().items() if not re.search(r"\{\{ *export_button\(", text)}
    assert without == NEEDS_NONE.keys()


def test_every_button_leads_to_a_workbook_that_is_posted(app: Flask) -> None:
    told = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html"))
    endpoints = set(re.findall(r"export_button\(url_for\('([\w.]+)'", told))
    assert len(endpoints) > 12
    for endpoint in endpoints:
        (rule,) = app.url_map.iter_rules(endpoint)
        assert rule.rule.endswith(".xlsx") and rule.methods is not None and "POST" in rule.methods, endpoint

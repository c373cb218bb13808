"""Write the default templates: `python -m tools.document_templates [FOLDER]`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools.document_templates import filing, round_papers, sitting_papers
from tools.document_templates.page import Page

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "documents"
TEMPLATES: dict[str, Callable[[], Page]] = {
    "publicity": filing.publicity,
    "publicity-outcome": filing.outcome,
    "recommendation": filing.recommendation,
    "timetable": round_papers.timetable,
    "attendance": sitting_papers.attendance,
    "ballot-papers": sitting_papers.ballot_papers,
    "defence-records": sitting_papers.defence_records,
    "summary": round_papers.summary,
    "minutes": sitting_papers.minutes,
    "public-list": round_papers.public_list,
    "incidents": round_papers.incidents,
}
"""By the value of `defense.domain.document_kinds.DocumentKind`."""


def write_templates(folder: Path) -> None:
    """Write every template into a folder."""
    for name, draw in TEMPLATES.items():
        draw().save(folder / f"{name}.docx")


if __name__ == "__main__":
    write_templates(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

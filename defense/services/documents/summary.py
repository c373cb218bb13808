"""汇总表: by panel who was heard, with what result, and the totals of the round; as of one moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.document_kinds import DocumentRefused
from defense.domain.result import CONCLUSION_TEXT, OUTCOME_TEXT, Conclusion, Outcome
from defense.domain.text import Text
from defense.models import Round
from defense.services.documents.parts import common, person
from defense.services.documents.votes import tally_words
from defense.services.results import ResultRow, result_rows
from defense.services.room.rule_words import rule_of, rule_text, terms_text

_NO_PANEL = "尚未安排答辩"
_LATEST = datetime.max.replace(tzinfo=UTC)


def summary_content(session: Session, round_: Round) -> dict[str, Any]:
    """Everybody who must defend or did, grouped by panel.

    Raises
    ------
    DocumentRefused
        Nobody has to defend.
    """
    everybody = list(result_rows(session, round_))
    defending = [row for row in everybody if row.application.must_defend or row.defence]
    if not defending:
        raise DocumentRefused(
            Text(
                "本批次没有须答辩的人员，无可汇总：请先导入申报人员，或核对裁定。",
                "Nobody of this round has to defend: import the applications, or check the rulings.",
            )
        )
    by_panel = defaultdict[str, list[ResultRow]](list)
    for row in defending:
        by_panel[row.defence.sitting.panel.name if row.defence else _NO_PANEL].append(row)
    heading = common(round_, "视频答辩汇总表")
    conclusions = Counter(row.conclusion for row in everybody)
    return heading | {
        "as_of": heading["made_at"],
        "panels": [
            {"panel": name, "counts": _counts(by_panel[name]), "rows": _rows(by_panel[name])}
            for name in sorted(by_panel, key=lambda name: (name == _NO_PANEL, name))
        ],
        "totals": _counts(defending),
        "applications": len(everybody),
        "not_required": conclusions[Conclusion.NOT_REQUIRED],
        "not_eligible": conclusions[Conclusion.NOT_ELIGIBLE],
        "rules": _rules(round_, everybody),
    }


def _counts(rows: Iterable[ResultRow]) -> dict[str, int]:
    outcomes = Counter(row.defence.outcome if row.defence else None for row in rows)
    passed, failed = outcomes[Outcome.PASSED], outcomes[Outcome.FAILED]
    return {
        "candidates": outcomes.total(),
        "held": passed + failed,
        "passed": passed,
        "failed": failed,
        "absent": outcomes[Outcome.ABSENT],
        "waived": outcomes[Outcome.WAIVED],
        "cancelled": outcomes[Outcome.CANCELLED],
        "pending": outcomes[None],
    }


def _rows(rows: Iterable[ResultRow]) -> list[dict[str, Any]]:
    in_order = sorted(
        rows, key=lambda r: (r.defence.start_at if r.defence else _LATEST, r.application.number)
    )
    return [
        {"order": order}
        | person(row.application)
        | {
            "outcome": _outcome(row),
            "tally": _tally(row),
            "conclusion": CONCLUSION_TEXT[row.conclusion].zh,
        }
        for order, row in enumerate(in_order, 1)
    ]


def _outcome(row: ResultRow) -> str:
    outcome = row.defence.outcome if row.defence else None
    return OUTCOME_TEXT[Outcome(outcome)].zh if outcome else "待定"


def _tally(row: ResultRow) -> str:
    """The numbers, where a vote decided."""
    voted = row.defence and row.defence.outcome in (Outcome.PASSED, Outcome.FAILED)
    tally = row.ballot_round.tally if row.ballot_round else None
    return tally_words(tally) if voted and tally else ""


def _rules(round_: Round, rows: Iterable[ResultRow]) -> list[str]:
    """The rules by which votes were decided; before the first, the one in force."""
    used = dict.fromkeys(terms_text(row.ballot_round.terms).zh for row in rows if row.ballot_round)
    return list(used) or [rule_text(rule_of(round_.rules.defence)).zh]

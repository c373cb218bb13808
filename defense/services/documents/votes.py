"""Numbers of a vote in words, and who reads: the office, to whom no ballot is told by name."""

from __future__ import annotations

from typing import Any

from defense.services.access import Principal, Role

OFFICE = Principal(
    account_id=0, role=Role.STAFF, display_name="", sign_in_id="", expert_id=None, application_id=None
)
"""For whom documents are written: staff, who see everything of a sitting but single ballots."""


def tally_words(tally: dict[str, Any]) -> str:
    """The numbers of a vote that decided: votes, or the mean of the scores."""
    rest = f"弃权{tally['abstentions']}，未投{tally['unused']}"
    if "mean" in tally:
        total = f"{tally['sum_tenths'] // 10}.{tally['sum_tenths'] % 10}"
        return f"平均分{tally['mean']}（{tally['scores']}人评分，总分{total}），{rest}"
    return f"通过{tally['passes']}，否决{tally['vetoes']}，{rest}"


def reasons_words(veto_reasons: Any) -> str:
    """材料不实×1；其他×1."""
    return "；".join(f"{reason}×{n}" for reason, n in veto_reasons)

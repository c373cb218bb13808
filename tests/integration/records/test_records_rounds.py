"""A round is made once, from the rule file of its code."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.domain.errors import NotFound
from defense.models import AuditEntry, Round
from defense.services.rounds import ensure_round


def test_a_round_is_made_once_and_keeps_its_rules(session: Session) -> None:
    first = ensure_round(session, "2021")
    assert ensure_round(session, "2021") is first
    assert first.rules.year == 2021
    assert session.scalar(select(func.count()).select_from(Round)) == 1
    assert session.scalars(select(AuditEntry.action)).all() == ["round.created"]


@pytest.mark.parametrize("code", ["1999", "../rounds/2021", ""])
def test_an_unknown_code_names_the_files_that_exist(session: Session, code: str) -> None:
    with pytest.raises(NotFound) as caught:
        ensure_round(session, code)
    assert "2021.toml" in caught.value.text.zh
    assert "2021.toml" in caught.value.text.en
    assert session.scalars(select(Round)).all() == []

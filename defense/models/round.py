"""The round (批次) and its rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from defense.domain.round_rules import RoundRules, parse_round_rules
from defense.domain.vocabulary import Level
from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

_parse_cached = lru_cache(maxsize=16)(parse_round_rules)


class Round(Model):
    """One year's review. `rules_toml` is the rule file as it was when the round was made."""

    __tablename__ = "round"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    rules_toml: Mapped[str] = mapped_column(Text)
    defence_settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What staff changed of the `[defence]` table, on top of the file; empty, or all that they may change."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    rules_frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the first ballot opened; from then on how votes are decided cannot change."""
    results_released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def rules(self) -> RoundRules:
        """The rules in force: the file's, with the changes of staff."""
        rules = _parse_cached(self.rules_toml)
        if not self.defence_settings:
            return rules
        changed = dict(self.defence_settings)
        changed["duration_min"] = {Level(k): minutes for k, minutes in changed["duration_min"].items()}
        return replace(rules, defence=replace(rules.defence, **changed))

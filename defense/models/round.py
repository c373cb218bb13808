"""The round (批次) and its rules."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from defense.domain.round_rules import RoundRules, defence_rules_from, parse_round_rules
from defense.domain.scheduling_rules import scheduling_rules_from
from defense.domain.working_hours import seasons_from
from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now


@lru_cache(maxsize=16)
def _rules_in_force(rules_toml: str, defence_settings: str, scheduling_settings: str) -> RoundRules:
    """Cached, as lists of applications ask for them row by row; the settings come as JSON."""
    rules = parse_round_rules(rules_toml)
    if scheduling := json.loads(scheduling_settings):
        rules = replace(
            rules,
            scheduling=scheduling_rules_from(scheduling["scheduling"]),
            seasons=seasons_from(scheduling["working_hours"]),
            extra_days_off=frozenset(date.fromisoformat(day) for day in scheduling["extra_days_off"]),
        )
    if defence := json.loads(defence_settings):
        rules = replace(rules, defence=defence_rules_from(tomllib.loads(rules_toml)["defence"] | defence))
    return rules


class Round(Model):
    """One year's review. `rules_toml` is the rule file as it was when the round was made."""

    __tablename__ = "round"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    rules_toml: Mapped[str] = mapped_column(Text)
    defence_settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What staff changed of the `[defence]` table, on top of the file; empty, or all that they may change."""
    scheduling_settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What staff changed about timetables: the `[scheduling]` table, `working_hours` and `extra_days_off`;
    empty, or all of it."""
    meeting_provider: Mapped[str] = mapped_column(String(20), default="jitsi")
    """Who holds the video meetings: a `defense.integrations.meetings.provider.ProviderName`."""
    second_meeting_provider: Mapped[str | None] = mapped_column(String(20))
    """Who does when the first one cannot."""
    meeting_waiting_room: Mapped[bool] = mapped_column(default=True)
    """Whoever enters waits until the panel lets them in, where the provider can do that."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    rules_frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the first ballot opened; from then on how votes are decided cannot change."""
    results_released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keep_until: Mapped[date | None]
    """Until when personal data is kept; None: as long after the results as is usual."""

    @property
    def rules(self) -> RoundRules:
        """The rules in force: the file's, with the changes of staff."""
        return _rules_in_force(
            self.rules_toml, json.dumps(self.defence_settings), json.dumps(self.scheduling_settings)
        )

"""The scheduler's messages in the words of the round: names instead of ids, levels instead of codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT
from defense.models import Application, Expert, Panel, PanelHalfDay, Round

_ID = re.compile(r"(?<![A-Za-z0-9_])([cehp])(\d+)(?![A-Za-z0-9_])")
_CATEGORY = re.compile(r"[|·](" + "|".join(level.value for level in LEVEL_TEXT) + r")(?![a-z])")
_LEVELS = {level.value: text for level, text in LEVEL_TEXT.items()}


class SchedulerWords:
    """Turns texts of the scheduler into texts for people; reads each kind of name once, when first needed."""

    def __init__(self, session: Session, round_: Round) -> None:
        self._session, self._round_id = session, round_.id
        self._names: dict[str, Mapping[int, str]] = {}

    def text(self, message: Mapping[str, str]) -> Text:
        """A `scheduler.schedule.Message`, as JSON, with the names of the round."""
        return Text(self._worded(message["zh"], "zh"), self._worded(message["en"], "en"))

    def _worded(self, words: str, language: str) -> str:
        words = _CATEGORY.sub(lambda found: "·" + _LEVELS[found[1]].pick(language), words)
        words = re.sub(r"(?<=\w)\|(?=\w)", "·", words)
        return _ID.sub(self._name, words)

    def _name(self, found: re.Match[str]) -> str:
        kind, id_ = found[1], int(found[2])
        if kind not in self._names:
            self._names[kind] = self._read(kind)
        return self._names[kind].get(id_, found[0])

    def _read(self, kind: str) -> Mapping[int, str]:
        readers: dict[str, Callable[[], Any]] = {
            "c": self._persons,
            "e": lambda: self._pairs(Expert.id, Expert.name, Expert.round_id),
            "p": lambda: self._pairs(Panel.id, Panel.name, Panel.round_id),
            "h": self._half_days,
        }
        read: Mapping[int, str] = readers[kind]()
        return read

    def _pairs(self, id_: Any, name: Any, round_id: Any) -> dict[int, str]:
        rows = self._session.execute(select(id_, name).where(round_id == self._round_id))
        return {row[0]: row[1] for row in rows}

    def _persons(self) -> dict[int, str]:
        name = Application.name + "（" + Application.number + "）"
        return self._pairs(Application.id, name, Application.round_id)

    def _half_days(self) -> dict[int, str]:
        rows = self._session.execute(
            select(PanelHalfDay.id, PanelHalfDay.start_at, Panel.name)
            .join(Panel, Panel.id == PanelHalfDay.panel_id)
            .where(Panel.round_id == self._round_id)
        )
        return {id_: f"{name} {at.astimezone(BEIJING):%Y-%m-%d %H:%M}" for id_, at, name in rows}

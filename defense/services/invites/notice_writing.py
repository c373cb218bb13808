"""Writing the notice of an appointment: the facts of a round in the words of `integrations.notices`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.domain.round_rules import RoundRules
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.integrations.notice_wordings import Audience, LetterName, NoticeKind, Wording
from defense.integrations.notices import (
    CandidateNotice,
    PanelNotice,
    RenderedNotice,
    render_candidate_notice,
    render_panel_notice,
)
from defense.models import Application, Round
from defense.services.invites.appointments import Appointment, PublishedRound
from defense.services.invites.wordings import wordings_of


def notice_writer(session: Session, round_: Round, published: PublishedRound) -> NoticeWriter:
    """A writer with the round's rules and words of this moment."""
    return NoticeWriter(round_.rules, published, wordings_of(session, round_))


@dataclass(frozen=True)
class NoticeWriter:
    """Writes notices of one round; `rules` are read once, not for every letter."""

    rules: RoundRules
    published: PublishedRound
    wordings: Mapping[LetterName, Wording]
    """What staff put in the place of standard words."""

    def write(
        self,
        kind: NoticeKind,
        appointment: Appointment,
        slot: Period,
        link: str,
        written_at: datetime,
        previous: Period | None = None,
    ) -> RenderedNotice:
        """The notice to the person of an appointment.

        Parameters
        ----------
        slot : the time to name, which of a cancelled appointment is the one the person was told last.
        link : personal; empty in a cancellation.
        previous : the former time, in a change.
        """
        if not isinstance(appointment.person, Application):
            return self._to_panel(kind, appointment, slot, link, written_at, previous)
        return self._to_candidate(kind, appointment, appointment.person, slot, link, written_at, previous)

    def _to_candidate(
        self,
        kind: NoticeKind,
        appointment: Appointment,
        person: Application,
        slot: Period,
        link: str,
        written_at: datetime,
        previous: Period | None,
    ) -> RenderedNotice:
        rules = self.rules
        return render_candidate_notice(
            CandidateNotice(
                kind=kind,
                round_name=rules.name,
                name=person.name,
                series=person.series,
                specialty=person.specialty,
                level=LEVEL_TEXT[Level(person.level)],
                panel=appointment.sitting.panel.name,
                slot=slot,
                place=self._place_of(appointment, kind),
                previous=previous,
                check_in_at=slot.start_at - timedelta(minutes=rules.defence.check_in_min),
                written_at=written_at,
                link=link,
                telephones=rules.telephones,
                support_telephones=rules.support_telephones,
            ),
            self.wordings.get((Audience.CANDIDATE, kind)),
        )

    def _to_panel(
        self,
        kind: NoticeKind,
        appointment: Appointment,
        slot: Period,
        link: str,
        written_at: datetime,
        previous: Period | None,
    ) -> RenderedNotice:
        return render_panel_notice(
            PanelNotice(
                audience=appointment.audience,
                kind=kind,
                round_name=self.rules.name,
                name=appointment.name,
                panel=appointment.sitting.panel.name,
                slot=slot,
                previous=previous,
                written_at=written_at,
                candidate_count=self.published.candidate_count(appointment.sitting),
                link=link,
                telephones=self.rules.telephones,
                support_telephones=self.rules.support_telephones,
            ),
            self.wordings.get((appointment.audience, kind)),
        )

    def _place_of(self, appointment: Appointment, kind: NoticeKind) -> int | None:
        if appointment.defence is None or kind is NoticeKind.CANCEL:
            return None
        return self.published.place_of(appointment.defence)

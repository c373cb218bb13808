"""Which audited actions let somebody see personal data: every action with words is in one of the two lists.

Whoever adds an action to `audit_words` says here what it is; `tests/unit/test_disclosures.py` holds it.
"""

from __future__ import annotations

from defense.domain.lifecycle import MOVE_TEXT

DISCLOSING = frozenset(
    {
        "documents.written",
        "export.taken",
        "feed.opened",
        "import.marked_copy",
        "personal.shown",
        "record.attachment_opened",
        "record.phone_shown",
        "retention.exported",
        "text_messages.exported",
    }
)
"""A whole value on a page, or a file or an address with names or contact data that leaves the house."""

NOT_DISCLOSING = frozenset(
    {
        *("absence.noted", "absence.withdrawn"),
        *("account.created", "account.closed", "account.email_set", "account.opened", "account.password_set"),
        *("account.personal_granted", "account.personal_withdrawn"),
        *("applications.checked", "assessments.changed"),
        *("attendee.added", "attendee.named", "attendee.released"),
        *("ballot.broken_off", "ballot.nudged", "ballot.opened", "ballot.cast", "ballot.closed"),
        *("bell.rung", "calendar.overwritten", "chain.begun", "clock.paused", "clock.resumed"),
        *("feed.revoked", "half_day.added", "half_day.cancelled", "half_day.restored", "import.applied"),
        *("invite.answered", "invite.reminded", "invite.time_kept", "invites.reminded", "invites.refreshed"),
        *("link.issued", "link.revoked", "mail.bounced", "mail.given_up", "mail.retried", "mail.settled"),
        *("meeting.stuck", "meeting.switched", "meeting.tried_again"),
        *("panel.room_forgotten", "panel.room_kept", "priority.set", "recusal.declared"),
        *("reopening.asked", "reopening.granted", "reopening.refused", "reopening.spent"),
        *("results.released", "retention.confirmed", "retention.erased", "retention.period_set"),
        *("round.created", "round.meetings_changed", "round.scheduling_changed", "round.settings_changed"),
        *("ruling.fee", "ruling.requirement", "ruling.validity", "schedule.published", "schedule.saved"),
        *("sign_in.failed", "sign_in.started", "sitting.sealed"),
        *("solve.cancelled", "solve.kept", "solve.started", "wish.noted", "wish.withdrawn"),
        *("template.kept", "template.used"),
        *("record.attachments_imported", "upstream.changed", "upstream.differs", "upstream.fee_paid"),
        *("upstream.given_up", "upstream.pulled", "upstream.retried", "upstream.settled", "upstream.taken"),
        "wording.changed",
        *(f"defence.{move}" for move in MOVE_TEXT),
    }
)

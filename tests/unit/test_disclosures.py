"""Every audited action is said to let somebody see personal data, or not to."""

from __future__ import annotations

from defense.web.audit_disclosures import DISCLOSING, NOT_DISCLOSING
from defense.web.audit_words import _ACTION_TEXT


def test_every_action_with_words_is_classified_once() -> None:
    assert set() == DISCLOSING & NOT_DISCLOSING
    assert set() == _ACTION_TEXT.keys() ^ (DISCLOSING | NOT_DISCLOSING)

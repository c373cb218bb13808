"""100 times kill -9 while mails are being sent, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.outbox_kills import KilledSending, database_url, office

__all__ = ["database_url", "office"]

KILLS, LETTERS_PER_KILL, SEED = 100, 20, 70


@pytest.mark.timeout(7200)
def test_kills_while_sending(
    office: Flask, database_url: str, tmp_path: Path, scaled: Callable[[int], int]
) -> None:
    kills = scaled(KILLS)
    sending = KilledSending(office, tmp_path, database_url, SEED)
    sending.queue(LETTERS_PER_KILL * kills)
    sending.run(kills)
    again = sum(sending.repeats)
    print(f"{kills} kills, {len(sending.queued())} mails: {len(sending.lost())} lost, {again} sent again")
    sending.check()

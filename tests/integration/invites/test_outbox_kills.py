"""Senders that are killed with kill -9 lose nothing and repeat next to nothing."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.outbox_kills import KilledSending, database_url, office

__all__ = ["database_url", "office"]


def test_five_kills(office: Flask, database_url: str, tmp_path: Path) -> None:
    sending = KilledSending(office, tmp_path, database_url, seed=7)
    sending.queue(120)
    sending.run(kills=5)
    sending.check()

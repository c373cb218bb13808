"""Every table is said to be erased with its round, or why nothing in it has to be."""

from __future__ import annotations

from defense.extensions import Model
from defense.services.keeping.erasing import ERASED_TABLES, KEPT_TABLES


def test_every_table_is_erased_or_kept_for_a_reason() -> None:
    assert set() == ERASED_TABLES.keys() & KEPT_TABLES.keys()
    assert set() == Model.metadata.tables.keys() ^ (ERASED_TABLES.keys() | KEPT_TABLES.keys())
    assert all({**ERASED_TABLES, **KEPT_TABLES}.values())

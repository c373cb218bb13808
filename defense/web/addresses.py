"""What may stand in an address."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Map

from defense.models.types import MAX_ROW_ID


class RowId(IntegerConverter):
    """The `int` of our addresses: a number that a database can look up; a larger one is no page."""

    def __init__(self, map: Map, **limits: Any) -> None:
        super().__init__(map, **{"max": MAX_ROW_ID, **limits})

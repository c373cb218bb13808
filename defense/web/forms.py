"""Reading the fields of forms: numbers, days and moments on the clock of Beijing."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeVar

from flask import request

from defense.domain.errors import InvalidInput
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.extensions import Model, db
from defense.models.types import MAX_ROW_ID

RowT = TypeVar("RowT", bound=Model)

_MOST_DIGITS = 7


def whole(name: str, label: Text) -> int:
    """A whole number that is not negative."""
    text = request.form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidInput(Text(f"{label.zh}：请填写整数。", f"{label.en}: enter a whole number."))
    return int(text)


def moment(name: str) -> datetime:
    """A moment from a `datetime-local` field, which knows no zone: it is Beijing's."""
    try:
        at = datetime.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise InvalidInput(Text("请填写日期和时间。", "Enter a day and a time.")) from None
    return at.replace(tzinfo=BEIJING)


def day(name: str) -> date:
    """A day from a `date` field."""
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise InvalidInput(Text("请填写日期。", "Enter a day.")) from None


def chosen_row(kind: type[RowT], name: str) -> RowT:
    """The row whose id was chosen from a list."""
    text = request.form.get(name, "")
    id_ = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ROW_ID)) else 0
    row = db.session.get(kind, id_) if 0 < id_ <= MAX_ROW_ID else None
    if row is None:
        raise InvalidInput(Text("请从列表中选择。", "Choose from the list."))
    return row

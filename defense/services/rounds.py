"""Rounds (批次): made at first need from the rule file of their code."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import InvalidInput, NotFound
from defense.domain.round_rules import parse_round_rules
from defense.domain.text import Text
from defense.models import Round
from defense.services.audit import record_audit
from defense.settings import PROJECT_DIR

RULE_FILES_DIR = PROJECT_DIR / "rounds"


def ensure_round(session: Session, code: str) -> Round:
    """The round of that code; a new one keeps the rule file `rounds/<code>.toml` as it is now.

    Raises
    ------
    NotFound
        No such round and no such file; the text names the files that exist.
    InvalidInput
        The file is wrong, or is the one of another round.
    """
    round_ = session.scalar(select(Round).where(Round.code == code))
    if round_ is not None:
        return round_
    round_ = Round(code=code, rules_toml=_read_rules(code))
    session.add(round_)
    session.flush()
    record_audit(session, "round.created", f"round:{round_.id}", {"code": code})
    return round_


def newest_round(session: Session) -> Round | None:
    """The round that the office works on: the one with the highest code."""
    return session.scalar(select(Round).order_by(Round.code.desc()).limit(1))


def codes_to_open(session: Session) -> list[str]:
    """Codes that have a rule file but no round yet."""
    opened = set(session.scalars(select(Round.code)))
    return [path.stem for path in sorted(RULE_FILES_DIR.glob("*.toml")) if path.stem not in opened]


def _read_rules(code: str) -> str:
    files = {path.stem: path for path in sorted(RULE_FILES_DIR.glob("*.toml"))}
    if code not in files:
        known = "、".join(path.name for path in files.values()) or "—"
        raise NotFound(
            Text(
                f"没有批次“{code}”的规则文件。现有：{known}；请在 rounds/ 目录中添加 {code}.toml。",
                f"There is no rule file for round “{code}”. Found: {known}; add {code}.toml to rounds/.",
            )
        )
    toml_text = files[code].read_text(encoding="utf-8")
    written = parse_round_rules(toml_text).code
    if written != code:
        raise InvalidInput(
            Text(
                f"rounds/{code}.toml 中的 code 是“{written}”，应与文件名一致。",
                f"rounds/{code}.toml says code = “{written}”; it must be the file's own name.",
            )
        )
    return toml_text

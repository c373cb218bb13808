"""What an upload brought to light as a workbook: beside the marked copy, and masked, which that is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.integrations.workbooks import write_table
from defense.models import ImportBatch
from defense.services.imports.differences import changes_of
from defense.services.imports.importing import whole_report

ERROR_HEADERS = ("工作表", "行", "列", "内容", "问题与处理办法")
WARNING_HEADERS = ("工作表", "行", "编号或名称", "需留意之处")
CHANGE_HEADERS = ("工作表", "行", "编号或名称", "栏目", "原值", "新值")


def export_import(session: Session, batch: ImportBatch, column: str) -> bytes:
    """The faults, what is worth a look, and the changed rows of an upload.

    Parameters
    ----------
    column : the one in which changed rows must differ; empty or unknown for any.
    """
    report = whole_report(session, batch)
    return write_table(
        {
            "需要修改": (ERROR_HEADERS, (_error(error) for error in report["errors"])),
            "请留意": (WARNING_HEADERS, (_warning(warning) for warning in report["warnings"])),
            "有变化的行": (CHANGE_HEADERS, _changes(changes_of(report["changes"], column))),
        }
    )


def _error(error: Mapping[str, Any]) -> tuple[Any, ...]:
    words = Text.from_json(error["text"]).zh
    return (error["sheet"], error["row"], error["column"], error["value_shown"] or None, words)


def _warning(warning: Mapping[str, Any]) -> tuple[Any, ...]:
    return (warning["sheet"], warning["row"], warning["key"], Text.from_json(warning["text"]).zh)


def _changes(changes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for change in changes:
        place = (change["sheet"], change["row"], change["key"])
        differences = change.get("differences") or ()
        if not differences:
            yield (*place, "、".join(change["columns"]), None, None)
        for difference in differences:
            yield (*place, difference["column"], difference["before"], difference["after"])

"""What a preview says of changed rows: the old value and the new one, personal values masked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from defense.models import Application, Expert, Panel
from defense.services.imports.differences import PAGE_SIZE, changes_page, record_differences
from defense.services.imports.importing import preview_import


def _changes(session, round_, kind, workbook):
    return preview_import(session, round_, kind, f"{kind}.xlsx", workbook.data, None).report["changes"]


@pytest.mark.parametrize(
    ("header", "value", "told"),
    [
        ("工作单位", "新单位", {"column": "工作单位", "after": "新单位"}),
        ("手机号码", "13911112222", {"column": "手机号码", "after": "139****2222"}),
    ],
)
def test_an_application(session, loaded, workbooks, header, value, told):
    number = session.scalars(select(Application.number).order_by(Application.id)).first()
    (change,) = _changes(
        session, loaded, "applications", workbooks["applications"].edited(header, number, value)
    )
    assert change["key"] == number
    (difference,) = change["differences"]
    assert {key: difference[key] for key in told} == told
    assert difference["before"] != difference["after"]


def test_which_proof_and_which_year_came_or_went(session, loaded):
    before = session.scalars(select(Application).order_by(Application.id)).first().record_json
    years = [part["year"] for part in before["appraisals"]]
    after = before | {
        "attachments": [part for part in before["attachments"] if part["kind"] != "photo"],
        "appraisals": before["appraisals"][1:],
    }
    told = {d["column"]: d for d in record_differences(before, after)}
    assert set(told) == {"印证材料", "考核情况"}
    assert "照片" in told["印证材料"]["before"]
    assert told["考核情况"]["before"].startswith(f"{years[0]}年度")
    assert {d["after"] for d in told.values()} == {"—"}


def test_an_expert_and_a_panel(session, loaded, workbooks):
    expert = session.scalars(select(Expert)).first()
    edited = workbooks["experts"].edited("手机号码", expert.number, "13911112222")
    (change,) = _changes(session, loaded, "experts", edited)
    (difference,) = change["differences"]
    assert (difference["column"], difference["after"]) == ("手机号码", "139****2222")
    assert expert.phone not in str(change)

    panel = session.scalars(select(Panel)).first()
    (change,) = _changes(session, loaded, "panels", workbooks["panels"].edited("秘书", panel.name, "赵明"))
    assert change["differences"] == [
        {"column": "秘书", "before": panel.secretary.display_name, "after": "赵明"}
    ]


def test_pages_and_the_filter():
    changes = [{"columns": ["甲"] if n % 2 else ["乙", "丙"], "row": n} for n in range(PAGE_SIZE * 3)]
    page = changes_page(changes, "", 2)
    assert [change["row"] for change in page.rows] == list(range(PAGE_SIZE, PAGE_SIZE * 2))
    assert (page.pages, page.columns) == (3, ("乙", "丙", "甲"))
    narrowed = changes_page(changes, "甲", 99)
    assert (narrowed.total, narrowed.pages, narrowed.page) == (PAGE_SIZE * 3 // 2, 2, 2)
    assert all(change["columns"] == ["甲"] for change in narrowed.rows)
    assert changes_page([], "没有", -1).page == 1

"""Another platform's names, words and dates become our record; a wrong map names its place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from defense.domain.errors import InvalidInput
from defense.domain.record_json import record_from_json
from defense.integrations.upstream import UpstreamClient
from defense.integrations.upstream.column_map import ColumnMap, load_column_map
from defense.settings import UpstreamAccess
from tests.upstream_platform import Platform

EXAMPLE = Path(__file__).parents[3] / "docs" / "upstream-map.example.toml"
PLAIN_MAP = ColumnMap({}, {}, ())


def as_another_platform_says_it(record: dict[str, Any]) -> dict[str, Any]:
    """Our record in the names and words of the example."""
    theirs = json.loads(json.dumps(record))
    publicity, posting = theirs.pop("publicity"), theirs.pop("aid_posting")
    person = {"userName": theirs.pop("name"), "idCard": theirs.pop("id_number")}
    theirs |= {
        "applyNo": theirs.pop("number"),
        "person": person | {"mobile": theirs.pop("phone")},
        "applyTime": theirs.pop("submitted_at")[:19].replace("-", "/").replace("T", " "),
        "publicityBegin": publicity["start"].replace("-", "/"),
        "publicityEnd": publicity["end"].replace("-", "/"),
        "hasObjection": "有" if publicity["objection_open"] else "无",
        "level": {"senior": "正高", "associate": "副高"}[theirs["level"]],
        "fee_paid": "已缴费" if theirs["fee_paid"] else "未缴费",
        "educations": [
            {
                "schoolName": degree["school"],
                "majorName": degree["subject"],
                "eduLevel": degree["degree"],
                "graduateDate": degree["graduated_on"],
            }
            for degree in theirs.pop("degrees")
        ],
    }
    if posting is not None:
        consent = "同意" if posting["sending_unit_consents"] else "不同意"
        theirs |= {"aidBegin": posting["start"], "aidEnd": posting["end"], "aidConsent": consent}
    return theirs


def told_by_the_example(record: dict[str, Any]) -> dict[str, Any]:
    """What of a record the other platform's words carry."""
    told = json.loads(json.dumps(record))
    told["publicity"] |= {"outcome": "", "stated_days": None}
    for degree in told["degrees"]:
        degree |= {"certificate_number": "", "checked_online": False}
    if told["aid_posting"]:
        told["aid_posting"]["sending_unit"] = ""
    return told


def test_a_platform_of_other_names_is_read(platform: Platform) -> None:
    records = platform.records()
    for record in records.values():
        item = platform.inside.store.find("2021", record["number"])
        assert item is not None
        theirs = as_another_platform_says_it(record) | {"number": record["number"]}
        platform.inside.store.put("2021", theirs)
    access = UpstreamAccess(platform.url, platform.auth, platform.client_id, platform.secret, EXAMPLE)
    items = [item for page in UpstreamClient(access).pages("2021") for item in page.items]
    assert [item.fault for item in items if item.fault] == []
    read = {item.record["number"]: record_from_json(item.record) for item in items}
    wanted = {number: record_from_json(told_by_the_example(record)) for number, record in records.items()}
    assert read == wanted


def test_without_a_map_the_form_is_ours(platform: Platform) -> None:
    for record in platform.records().values():
        assert PLAIN_MAP.apply(record) == record


def test_a_word_without_its_like_is_a_fault_of_that_application(platform: Platform, tmp_path: Path) -> None:
    number = min(platform.records())
    platform.change(number, fee_paid="不详")
    words = tmp_path / "map.toml"
    words.write_text('[values.fee_paid]\n"True" = true\n"False" = false\n', encoding="utf-8")
    access = UpstreamAccess(platform.url, platform.auth, platform.client_id, platform.secret, words)
    items = [item for page in UpstreamClient(access).pages("2021") for item in page.items]
    (faulty,) = [item for item in items if item.fault]
    assert faulty.record == {"number": number} and faulty.fault is not None
    assert "“fee_paid”的用词不在对照表中（不详）" in faulty.fault.zh


def test_a_personal_value_is_not_repeated() -> None:
    words = replace(PLAIN_MAP, values={"phone": {"x": "y"}})
    with pytest.raises(InvalidInput) as failed:
        words.apply({"phone": "13900001111"})
    assert "“phone”" in failed.value.text.zh and "13900001111" not in str(failed.value.text)


@pytest.mark.parametrize(
    ("toml", "place"),
    [
        ('[fields]\nnumbr = "a"', "[fields] numbr"),
        ("[fields]\nnumber = 3", "[fields] number"),
        ('[lists.name]\npath = "x"', "[lists.name]"),
        ('[lists.degrees]\nschol = "x"', "[lists.degrees] schol"),
        ('[values.level]\n"正高" = "top"', "[values.level] 正高"),
        ('[values.fee_paid]\n"是" = "yes"', "[values.fee_paid] 是"),
        ('[values.mood]\n"好" = "x"', "[values.mood]"),
        ('[days]\nformats = "x"', "[days]"),
        ("[months]\n", "[months]"),
        ("fields = 3", "[fields]"),
        ("[fields\n", "map.toml"),
    ],
)
def test_a_wrong_map_names_its_place(tmp_path: Path, toml: str, place: str) -> None:
    file = tmp_path / "map.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(InvalidInput) as failed:
        load_column_map(file)
    assert place in failed.value.text.zh and place in failed.value.text.en

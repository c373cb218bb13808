"""Who counts as the same unit, and who must step back."""

import pytest

from defense.domain.recusal import DECLARED, SAME_UNIT, find_conflicts, same_unit


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("新疆大学", "新疆大学"),
        ("新疆 大学", "新疆大学 "),
        ("新疆交建（集团）有限责任公司", "新疆交建(集团)有限公司"),
        ("新疆大学", "新疆大学机械学院"),
        ("新疆大学机械学院", "新疆大学数学学院"),
        ("自治区水利厅", "自治区水利厅水文局"),
        ("ＡＢ公司", "ab公司"),
    ],
)
def test_same_unit_either_way_round(a, b):
    assert same_unit(a, b)
    assert same_unit(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("新疆大学", "新疆农业大学"),
        ("乌鲁木齐市", "乌鲁木齐市水务局"),
        ("国网新疆电力公司喀什供电公司", "国网新疆电力公司和田供电公司"),
        ("", ""),
        ("无", "无"),
        ("", "新疆大学"),
    ],
)
def test_different_units(a, b):
    assert not same_unit(a, b)
    assert not same_unit(b, a)


def test_conflicts_give_every_reason():
    units = {1: "新疆大学机械学院", 2: "新疆农业大学", 3: "新疆大学", 4: "新疆师范大学"}
    conflicts = find_conflicts("新疆大学", units, declared={2, 3, 99})
    assert set(conflicts) == {1, 2, 3}
    assert conflicts[1] == SAME_UNIT
    assert conflicts[2] == DECLARED
    assert SAME_UNIT.zh in conflicts[3].zh
    assert DECLARED.en in conflicts[3].en

"""Invented contents of the papers of a whole round."""

from __future__ import annotations

from typing import Any

from defense.services.documents.samples_filing import COMMON

_PERSON: dict[str, Any] = {
    "order": 1,
    "number": "XJ2021000123",
    "name": "阿依努尔·买买提",
    "unit": "喀什地区水利勘测设计院",
    "series": "工程系列",
    "specialty": "水利水电",
    "level": "正高级",
}
_OTHER: dict[str, Any] = _PERSON | {
    "order": 2,
    "number": "XJ2021000458",
    "name": "努尔兰·叶尔肯别克",
    "unit": "伊犁哈萨克自治州交通勘察设计研究院",
    "specialty": "土木建筑",
}
TIMETABLE: dict[str, Any] = COMMON | {
    "title": "视频答辩安排表",
    "check_in_min": 30,
    "total": 2,
    "sittings": [
        {
            "panel": "工程系列第一答辩组",
            "day": "2021年11月22日 星期一",
            "period": "上午",
            "clocks": "北京时间 10:00–10:35（新疆时间 08:00–08:35）",
            "count": 2,
            "rows": [
                _PERSON
                | {
                    "beijing": "10:00–10:15",
                    "xinjiang": "08:00–08:15",
                    "entry_beijing": "09:30",
                    "entry_xinjiang": "07:30",
                },
                _OTHER
                | {
                    "beijing": "10:20–10:35",
                    "xinjiang": "08:20–08:35",
                    "entry_beijing": "09:50",
                    "entry_xinjiang": "07:50",
                },
            ],
        }
    ],
}
_COUNTS: dict[str, int] = {
    "candidates": 2,
    "held": 1,
    "passed": 1,
    "failed": 0,
    "absent": 1,
    "waived": 0,
    "cancelled": 0,
    "pending": 0,
}
SUMMARY: dict[str, Any] = COMMON | {
    "title": "视频答辩汇总表",
    "as_of": "2021年11月22日 星期一 北京时间 18:05（新疆时间 16:05）",
    "panels": [
        {
            "panel": "工程系列第一答辩组",
            "counts": _COUNTS,
            "rows": [
                _PERSON | {"outcome": "通过", "tally": "通过3，否决0，弃权0，未投0", "conclusion": "通过"},
                _OTHER | {"outcome": "缺席", "tally": "", "conclusion": "不通过"},
            ],
        }
    ],
    "totals": _COUNTS,
    "applications": 5,
    "not_required": 2,
    "not_eligible": 1,
    "rules": ["一票否决制：有一票否决即不通过，没有否决票即通过。（规则版本 1）"],
}
PUBLIC_LIST: dict[str, Any] = COMMON | {
    "title": "视频答辩通过人员公示名单",
    "released_on": "2021年12月1日",
    "period_start": "2021年12月2日",
    "period_end": "2021年12月8日",
    "working_days": 5,
    "total": 2,
    "rows": [
        _PERSON | {"name": "阿***·***", "id_number": "1101**********002X", "result": "通过"},
        _OTHER | {"name": "努**·*****", "id_number": "6541**********0017", "result": "通过"},
    ],
}
INCIDENTS: dict[str, Any] = COMMON | {
    "title": "视频答辩异常情况登记表",
    "as_of": "2021年11月22日 星期一 北京时间 18:05（新疆时间 16:05）",
    "total": 2,
    "counts": [{"kind": "缺席", "count": 1}, {"kind": "中断", "count": 1}],
    "rows": [
        {
            "order": 1,
            "kind": "中断",
            "panel": "工程系列第一答辩组",
            "day": "2021年11月22日 星期一",
            "clocks": "北京时间 10:07（新疆时间 08:07）",
            "number": "XJ2021000123",
            "name": "阿依努尔·买买提",
            "reason": "线路中断",
            "handling": "10:09 恢复答辩",
            "recorded_by": "古丽娜尔·艾尼",
        },
        {
            "order": 2,
            "kind": "缺席",
            "panel": "工程系列第一答辩组",
            "day": "2021年11月22日 星期一",
            "clocks": "北京时间 11:05（新疆时间 09:05）",
            "number": "XJ2021000458",
            "name": "努尔兰·叶尔肯别克",
            "reason": "多次呼叫未应答",
            "handling": "",
            "recorded_by": "古丽娜尔·艾尼",
        },
    ],
}

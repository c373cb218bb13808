"""Invented contents of the papers of one sitting."""

from __future__ import annotations

from typing import Any

from defense.services.documents.samples_filing import COMMON

_RULE = (
    "一票否决制：有一票否决即不通过，没有否决票即通过。已投票少于 3 张，或全部弃权，表决无效；"
    "但否决票一律有效。（规则版本 1）"
)
_SITTING: dict[str, Any] = COMMON | {
    "panel": "工程系列第一答辩组",
    "day": "2021年11月22日 星期一",
    "period": "上午",
    "clocks": "北京时间 10:00–11:00（新疆时间 08:00–09:00）",
    "head": "王建新",
    "secretary": "古丽娜尔·艾尼",
}
_FIRST: dict[str, Any] = {
    "order": 1,
    "number": "XJ2021000123",
    "name": "阿依努尔·买买提",
    "unit": "喀什地区水利勘测设计院",
    "series": "工程系列",
    "specialty": "水利水电",
    "level": "正高级",
    "applies_for": "工程系列水利水电专业正高级",
    "attempt": 1,
    "beijing": "10:00–10:15",
    "xinjiang": "08:00–08:15",
}
_SECOND: dict[str, Any] = _FIRST | {
    "order": 2,
    "number": "XJ2021000458",
    "name": "努尔兰·叶尔肯别克",
    "unit": "伊犁哈萨克自治州交通勘察设计研究院",
    "specialty": "土木建筑",
    "applies_for": "工程系列土木建筑专业正高级",
    "attempt": 2,
    "beijing": "10:20–10:35",
    "xinjiang": "08:20–08:35",
}
ATTENDANCE: dict[str, Any] = _SITTING | {
    "title": "签到表",
    "check_in_min": 30,
    "candidates": [
        _FIRST | {"entry_beijing": "09:30", "entry_xinjiang": "07:30"},
        _SECOND | {"entry_beijing": "09:50", "entry_xinjiang": "07:50"},
    ],
    "members": [
        {"duty": "组长", "name": "王建新", "unit": "新疆大学"},
        {"duty": "专家", "name": "巴合提别克·哈孜", "unit": "新疆水利水电科学研究院"},
        {"duty": "专家", "name": "吐尔逊·依明", "unit": "新疆农业大学"},
        {"duty": "秘书", "name": "古丽娜尔·艾尼", "unit": ""},
        {"duty": "参加人员（维吾尔语翻译）", "name": "热依拉·木合塔尔", "unit": "自治区翻译中心"},
    ],
}
BALLOT_PAPERS: dict[str, Any] = _SITTING | {
    "title": "表决票",
    "rule_name": "一票否决制",
    "rule": _RULE,
    "effect": "答辩不通过即评审不通过",
    "secret": True,
    "scored": False,
    "choices": ["通过", "否决", "弃权"],
    "veto_reasons": ["材料不实", "专业能力不足", "答非所问", "非本人", "其他"],
    "papers": [_FIRST | {"copies": 5, "recused": 0}, _SECOND | {"copies": 4, "recused": 1}],
}
DEFENCE_RECORDS: dict[str, Any] = _SITTING | {
    "title": "答辩情况登记表",
    "members": ["王建新", "巴合提别克·哈孜", "吐尔逊·依明"],
    "records": [
        _FIRST
        | {
            "gender": "女",
            "present_title": "高级工程师",
            "begun": "北京时间 10:01（新疆时间 08:01）",
            "ended": "北京时间 10:16（新疆时间 08:16）",
            "state": "已表决",
            "recused": ["吐尔逊·依明"],
            "breaks": ["10:07–10:09：线路中断；恢复答辩"],
            "decided": True,
            "outcome": "通过",
            "tally": "应到2人，通过2，否决0，弃权0，未投0",
            "veto_reasons": "",
            "rule": _RULE,
            "decided_at": "2021年11月22日 星期一 北京时间 10:22（新疆时间 08:22）",
        },
        _SECOND
        | {
            "gender": "男",
            "present_title": "高级工程师",
            "begun": "",
            "ended": "",
            "state": "候场",
            "recused": [],
            "breaks": [],
            "decided": False,
            "outcome": "",
            "tally": "",
            "veto_reasons": "",
            "rule": "",
            "decided_at": "",
        },
    ],
}
_REQUEST = (
    "重新表决（技术原因）：一名专家掉线；古丽娜尔·艾尼 2021年11月22日 10:24 申请；"
    "陈刚 2021年11月22日 10:26 批准：情况属实"
)
_VOTE: dict[str, Any] = {
    "number": 1,
    "rule": _RULE,
    "ballots": "无记名投票；10:18 开始；10:22 结束",
    "turnout": "成员3人，应到3人，到场3人，投票3张",
    "result": "通过；通过3，否决0，弃权0，未投0",
    "reasons": "",
    "remarks": ["论述清楚，业绩扎实。"],
}
_DIGEST = "9f2c51ab07de44c18a3b6e9012fdc7a55b1e90c4d3f82a67ee017c9db84630f2"
MINUTES: dict[str, Any] = _SITTING | {
    "title": "视频答辩会议记录",
    "members": [
        {"name": "王建新", "unit": "新疆大学", "duty": "组长", "attendance": "到场"},
        {"name": "巴合提别克·哈孜", "unit": "新疆水利水电科学研究院", "duty": "专家", "attendance": "到场"},
        {"name": "吐尔逊·依明", "unit": "新疆农业大学", "duty": "专家", "attendance": "未到场"},
    ],
    "candidates": [
        {
            "order": "1",
            "name": "阿依努尔·买买提",
            "applies_for": "工程系列水利水电专业正高级",
            "expected": "10:00–10:15",
            "attempt": 1,
            "course": ["09:41 签到", "10:01 入场陈述", "10:04 专家提问", "10:16 离场评议"],
            "heard_again": "",
            "recused": ["吐尔逊·依明：同单位"],
            "breaks": ["10:07–10:09：线路中断；恢复答辩"],
            "pauses": ["10:11–10:12（提问）"],
            "votes": [_VOTE, _VOTE | {"number": 2, "reasons": "材料不实 × 1"}],
            "requests": [_REQUEST],
            "outcome": "通过",
            "effect": "答辩不通过即评审不通过",
        }
    ],
    "incidents": [
        {
            "order": "2",
            "name": "努尔兰·叶尔肯别克",
            "decided": "缺席",
            "when": "11:05",
            "recorded_by": "古丽娜尔·艾尼",
            "reason": "多次呼叫未应答",
        }
    ],
    "waiting": ["3 李卫东（候场）"],
    "audit_head": {
        "recorded": True,
        "chain": "sitting:1",
        "seq": 42,
        "digest": " ".join(_DIGEST[at : at + 4] for at in range(0, 64, 4)),
    },
    "check": f"flask verify-audit --head sitting:1:42:{_DIGEST}",
    "seal": {
        "sealed": True,
        "by": "陈刚",
        "at": "2021年11月22日 星期一 北京时间 11:20（新疆时间 09:20）",
        "signature": "5d0e 7a11 c3b2 94f0",
        "public_key": "03af 61d8 27c4 be59",
        "entry": "链 main 第 318 条",
        "entry_digest": "77b0 4e2d 19ac f583",
    },
}

"""Invented contents of 附件1 to 附件3, and what every kind begins with."""

from __future__ import annotations

from typing import Any

COMMON: dict[str, Any] = {
    "round": {
        "code": "2021",
        "name": "2021年度自治区正高级工程师等5个系列（专业）职称评审",
        "year": 2021,
    },
    "telephones": ["0991-3689900", "0991-3689696"],
    "support_telephones": ["0991-3193615", "0991-3193501"],
    "made_on": "2021年11月22日",
    "made_at": "2021年11月22日 星期一 北京时间 18:05（新疆时间 16:05）",
}
_PERSON: dict[str, Any] = COMMON | {
    "number": "XJ2021000123",
    "name": "阿依努尔·买买提",
    "unit": "喀什地区水利勘测设计院",
    "series": "工程系列",
    "specialty": "水利水电",
    "level": "正高级",
    "applies_for": "工程系列水利水电专业正高级",
    "dated": "2021年9月22日",
}
PUBLICITY: dict[str, Any] = _PERSON | {
    "title": "关于阿依努尔·买买提同志申报工程系列水利水电专业正高级职称的公示",
    "gender": "女",
    "ethnicity": "维吾尔族",
    "political_status": "中共党员",
    "id_number": "1101**********002X",
    "present_title": "高级工程师",
    "present_title_on": "2015年12月1日",
    "professional_years": "23",
    "political_conditions": "拥护中国共产党的领导，遵纪守法，恪守职业道德，从业行为规范，无违规违纪记录。",
    "achievements_from": "2016年9月",
    "achievement_text": "长期从事灌区工程勘测设计，主持完成大中型水利工程设计6项，获自治区优秀设计一等奖。",
    "achievements": [
        {
            "title": "叶尔羌河下游灌区节水改造工程设计",
            "period": "2018年3月至2020年11月",
            "role": "项目负责人，主持总体设计",
            "description": "改造渠道86公里，灌溉水利用系数由0.52提高到0.61。",
        },
        {
            "title": "塔什库尔干河引水枢纽除险加固设计",
            "period": "2016年9月至2017年10月",
            "role": "专业负责人",
            "description": "",
        },
    ],
    "publicity_start": "2021年9月13日",
    "publicity_end": "2021年9月18日",
    "working_days": 6,
    "min_working_days": 5,
    "objection_office": "单位人事科",
    "supervision_phone": "0998-2650000",
}
PUBLICITY_OUTCOME: dict[str, Any] = _PERSON | {
    "title": "关于阿依努尔·买买提同志申报工程系列水利水电专业正高级职称的公示结果",
    "publicity_start": "2021年9月13日",
    "publicity_end": "2021年9月18日",
    "days": 6,
    "min_working_days": 5,
}
RECOMMENDATION: dict[str, Any] = _PERSON | {
    "title": "关于阿依努尔·买买提同志申报工程系列水利水电专业正高级职称的推荐意见",
    "supervising_unit": "喀什地区水利局",
}

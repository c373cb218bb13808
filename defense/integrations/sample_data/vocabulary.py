"""Invented names and units for sample data; nobody here exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from defense.domain.vocabulary import Affiliation

_HAN_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜"
_GIVEN_MEN = "建国志强文博海涛国栋子轩立新永明晓东振华思远"
_GIVEN_WOMEN = "秀兰晓梅雪莹静怡丽娟雅琴佳慧文静春燕红霞"
_HUI_FAMILY = "马哈丁纳撒妥海米"
_UYGHUR_MEN = (
    "艾尔肯",
    "买买提",
    "吐尔逊",
    "阿不都热合曼",
    "库尔班",
    "亚森",
    "伊力哈木",
    "帕尔哈提",
    "热合木",
    "玉素甫",
)
_UYGHUR_WOMEN = (
    "阿依古丽",
    "热依汗古丽",
    "帕提古丽",
    "迪丽努尔",
    "古丽娜尔",
    "阿孜古丽",
    "米娜娃尔",
    "祖丽菲亚",
)
_KAZAKH_MEN = ("叶尔兰", "巴合提", "赛力克", "木拉提", "努尔兰", "阿依登", "加尔肯")
_KAZAKH_WOMEN = ("古丽米拉", "阿依努尔", "加娜尔", "沙尼亚", "巴合提古丽")

DOMAINS = ("engineering", "economy", "cadre_school", "skill_school")


@dataclass(frozen=True)
class Unit:
    """A place of work."""

    name: str
    affiliation: Affiliation
    prefecture: str
    departments: tuple[str, ...] = ()


_R, _C = Affiliation.REGION, Affiliation.CENTRAL
_CAPITAL = "乌鲁木齐市"
_FACULTIES = ("机械工程学院", "水利与土木学院", "经济管理学院", "信息学院")

# The big units of each domain, the biggest first; candidates and experts both come from them.
BIG_UNITS = {
    "engineering": (
        Unit("新疆雪岭水利水电勘测设计研究院", _R, _CAPITAL),
        Unit("新疆博峰建设集团有限责任公司", _R, _CAPITAL),
        Unit("新疆云杉大学", _R, _CAPITAL, _FACULTIES),
        Unit("中国驼铃石油新疆分公司", _C, "克拉玛依市"),
        Unit("新疆赛里地质矿产勘查院", _R, "昌吉回族自治州"),
    ),
    "economy": (
        Unit("新疆天驰投资集团有限公司", _R, _CAPITAL),
        Unit("新疆绿洲农业发展银行", _C, _CAPITAL),
        Unit("新疆云杉大学", _R, _CAPITAL, _FACULTIES),
        Unit("新疆金穗粮油集团有限公司", _R, "伊犁哈萨克自治州"),
    ),
    "cadre_school": (
        Unit("新疆瀚海行政学院", _R, _CAPITAL, ("党史教研部", "公共管理教研部")),
        Unit("新疆沙棘干部学院", _R, "伊犁哈萨克自治州"),
        Unit("新疆胡杨党校", _R, "阿克苏地区"),
        Unit("铁翼管理干部学院新疆分院", _C, _CAPITAL),
    ),
    "skill_school": (
        Unit("新疆骆驼刺技师学院", _R, _CAPITAL, ("机电系", "建筑系")),
        Unit("新疆红柳高级技工学校", _R, "巴音郭楞蒙古自治州"),
        Unit("新疆戈壁石技师学院", _R, "喀什地区"),
        Unit("中国驼铃石油技工学校", _C, "克拉玛依市"),
    ),
}

# Units that send experts but, this year, no candidate: they leave every panel somebody without a conflict.
EXPERT_UNITS = (
    *("新疆北庭应用技术研究所", "新疆苍鹰工程咨询公司", "新疆石河工商研究会", "新疆天鹅湖标准化研究所"),
    *("新疆白桦人才研究会", "新疆冰川科学考察站", "新疆驿站规划设计事务所", "新疆沙枣教育研究会"),
    *("新疆烽燧检测中心", "新疆葡萄沟质量协会", "新疆玉河资源评估所", "新疆牧歌管理咨询公司"),
)

_PLACES = ("清泉", "红沙", "白杨", "金沟", "石桥", "长胜", "新渠", "双河", "绿原", "东梁")

# {p} prefecture, {c} an invented place; one pattern for each affiliation and domain.
_SMALL_UNITS = {
    Affiliation.PREFECTURE: ("{p}{c}工程管理处", "{p}{c}产业服务中心", "{p}{c}干部学校", "{p}{c}技工学校"),
    Affiliation.COUNTY: ("{c}县建设服务站", "{c}县农业经济服务站", "{c}县委党校", "{c}县职业技术学校"),
    Affiliation.TOWNSHIP: ("{c}镇水利站", "{c}镇农经站", "{c}镇党群服务站", "{c}镇技能培训站"),
    Affiliation.OUTSIDE_ENTERPRISE: (
        "江海{c}工程公司",
        "江海{c}商贸公司",
        "江海{c}培训公司",
        "江海{c}技工培训公司",
    ),
    Affiliation.MILITARY: (
        "驻疆某部{c}工程队",
        "驻疆某部{c}军需站",
        "驻疆某部{c}教导队",
        "驻疆某部{c}修理所",
    ),
    Affiliation.OTHER: ("{c}工程技术协会", "{c}商会", "{c}民办干部培训中心", "{c}民办技工学校"),
}


def small_unit(affiliation: Affiliation, domain: str, prefecture: str, rng: Random) -> Unit:
    """A unit with few candidates."""
    pattern = _SMALL_UNITS[affiliation][DOMAINS.index(domain)]
    return Unit(pattern.format(p=prefecture, c=rng.choice(_PLACES)), affiliation, prefecture)


def big_unit(affiliation: Affiliation, domain: str, rng: Random) -> Unit:
    """One of the big units, the first ones far more often, sometimes by one of its departments."""
    units = [unit for unit in BIG_UNITS[domain] if unit.affiliation is affiliation]
    unit = rng.choices(units, [1 / (rank + 1) for rank in range(len(units))])[0]
    department = rng.choice(("", *unit.departments))
    return Unit(unit.name + department, unit.affiliation, unit.prefecture)


def invent_name(gender: str, rng: Random) -> str:
    """A Han, Uyghur, Kazakh or Hui name; it may repeat."""
    man = gender == "男"
    kind = rng.choices(("han", "uyghur", "kazakh", "hui"), (50, 30, 12, 8))[0]
    if kind == "uyghur":
        return f"{rng.choice(_UYGHUR_MEN if man else _UYGHUR_WOMEN)}·{rng.choice(_UYGHUR_MEN)}"
    if kind == "kazakh":
        return f"{rng.choice(_KAZAKH_MEN if man else _KAZAKH_WOMEN)}·{rng.choice(_KAZAKH_MEN)}"
    given = rng.sample(_GIVEN_MEN if man else _GIVEN_WOMEN, rng.choice((1, 2, 2)))
    return rng.choice(_HUI_FAMILY if kind == "hui" else _HAN_FAMILY) + "".join(given)


def distinct_names(rng: Random) -> Iterator[str]:
    """Names without end, each once: when the stock runs thin a second given name is added."""
    used: set[str] = set()
    while True:
        name = invent_name(rng.choice(("男", "女")), rng)
        while name in used:
            name += f"·{rng.choice(_UYGHUR_MEN)}" if "·" in name else rng.choice(_GIVEN_MEN)
        used.add(name)
        yield name

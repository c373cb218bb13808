"""The closed lists of the field: levels, affiliations, prefectures, and their words in both languages.

Source: notice parts one and five; domain.md "Reference data".
"""

from __future__ import annotations

from enum import StrEnum

from defense.domain.text import Text


class Level(StrEnum):
    """级别. 中级 exists upstream but is not defended here, so it is refused like any unknown level."""

    SENIOR = "senior"
    ASSOCIATE = "associate"


class Affiliation(StrEnum):
    """单位隶属: what the unit belongs to, on which the duty to defend hangs for 副高级."""

    REGION = "region"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    CENTRAL = "central"
    OUTSIDE_ENTERPRISE = "outside_enterprise"
    MILITARY = "military"
    OTHER = "other"


LEVEL_TEXT = {
    Level.SENIOR: Text("正高级", "senior (正高级)"),
    Level.ASSOCIATE: Text("副高级", "associate senior (副高级)"),
}

AFFILIATION_TEXT = {
    Affiliation.REGION: Text("自治区", "autonomous region"),
    Affiliation.PREFECTURE: Text("地州市", "prefecture"),
    Affiliation.COUNTY: Text("县（市、区）", "county"),
    Affiliation.TOWNSHIP: Text("乡镇", "township"),
    Affiliation.CENTRAL: Text("中央驻疆", "central unit in Xinjiang"),
    Affiliation.OUTSIDE_ENTERPRISE: Text("外省驻疆企业", "enterprise of another province"),
    Affiliation.MILITARY: Text("军队", "military"),
    Affiliation.OTHER: Text("其他", "other"),
}

PREFECTURES = (
    "乌鲁木齐市",
    "克拉玛依市",
    "吐鲁番市",
    "哈密市",
    "昌吉回族自治州",
    "博尔塔拉蒙古自治州",
    "巴音郭楞蒙古自治州",
    "克孜勒苏柯尔克孜自治州",
    "伊犁哈萨克自治州",
    "阿克苏地区",
    "喀什地区",
    "和田地区",
    "塔城地区",
    "阿勒泰地区",
)

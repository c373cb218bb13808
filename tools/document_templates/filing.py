"""附件1 公示, 附件2 公示结果, 附件3 推荐意见: in the notice's words, on pages with the margins of 公文."""

from __future__ import annotations

from tools.document_templates.page import HEI, RIGHT, SONG, Page

_MARGINS = (37.0, 26.0, 35.0, 28.0)
_SPACING = 28.0
_BLANK = "＿＿＿＿＿＿＿＿"


def publicity() -> Page:
    """附件1."""
    page = _annex("附件1", "公示")
    _body(
        page,
        "根据自治区职称评审的工作要求，现对{{ name }}同志申报{{ applies_for }}专业技术任职资格进行公示。",
    )
    _body(
        page,
        ("基本信息：", HEI),
        "性别：{{ gender or '＿＿' }}；族别：{{ ethnicity or '＿＿＿＿' }}；"
        "政治面貌：{{ political_status or '＿＿＿＿＿＿' }}；身份证号：{{ id_number }}；"
        "工作单位：{{ unit }}；现任专业技术职务任职资格：{{ present_title or '＿＿＿＿＿＿' }}"
        "{% if present_title_on %}（{{ present_title_on }}取得）{% endif %}"
        "{% if professional_years %}；从事专业技术工作{{ professional_years }}年{% endif %}。",
    )
    _body(page, ("思想政治条件：", HEI), "{{ political_conditions }}")
    _lines_unless(page, "political_conditions", 3)
    _body(
        page,
        ("业绩成果：", HEI),
        "（{{ achievements_from }}以来的实践能力和业绩成果，以及本人的实际贡献）{{ achievement_text }}",
    )
    page.tag("for item in achievements")
    _body(
        page,
        "{{ loop.index }}．{{ item.title }}{% if item.period %}（{{ item.period }}）{% endif %}"
        "{% if item.role %}，本人贡献：{{ item.role }}{% endif %}"
        "{% if item.description %}。{{ item.description }}{% else %}。{% endif %}",
    )
    page.tag("endfor")
    _lines_unless(page, "achievement_text or achievements", 4)
    _body(
        page,
        "公示时间从{{ publicity_start }}起至{{ publicity_end }}止（共{{ working_days }}个工作日，公示期不少于"
        "{{ min_working_days }}个工作日）。如对{{ name }}同志的相关信息有疑异，请电话或书面形式反映至"
        "{{ objection_office or '＿＿＿＿＿＿办公室' }}，"
        f"监督电话：{{{{ supervision_phone or '{_BLANK}' }}}}。",
    )
    _end(page, "签字：＿＿＿＿＿＿＿＿（单位负责人签字）", "{{ unit }}（公章）")
    return page


def outcome() -> Page:
    """附件2."""
    page = _annex("附件2", "公示结果")
    _body(
        page,
        "{{ name }}同志申报材料已在本单位公示{{ days }}天（工作日，自{{ publicity_start }}起至"
        "{{ publicity_end }}止），公示期间无投诉、举报，公示无异议，申报材料真实、完整、有效，"
        "同意推荐{{ name }}同志申报{{ applies_for }}专业技术任职资格。",
    )
    _end(page, "{{ unit }}（公章）")
    return page


def recommendation() -> Page:
    """附件3."""
    page = _annex("附件3", "推荐意见")
    _body(page, "经审核，同意推荐{{ name }}同志申报{{ applies_for }}专业技术任职资格。")
    _end(page, f"{{{{ supervising_unit or '{_BLANK}{_BLANK}' }}}}（主管单位公章）")
    return page


def _annex(number: str, what: str) -> Page:
    page = Page(f"{number} {what}", _MARGINS)
    page.line(number, font=HEI, spacing=_SPACING)
    page.heading("{{ title }}", font=SONG, bold=True, before=14, after=20, spacing=36)
    return page


def _body(page: Page, *parts: str | tuple[str, str]) -> None:
    page.line(*parts, indent=2, spacing=_SPACING)


def _lines_unless(page: Page, there: str, count: int) -> None:
    """Lines to write on, where the platform has nothing to print."""
    page.tag(f"if not ({there})")
    for _ in range(count):
        page.line("", spacing=_SPACING, writing_line=True)
    page.tag("endif")


def _end(page: Page, *signatures: str) -> None:
    """Who signs, the seal and the date; never alone on a page."""
    page.line("", spacing=_SPACING, with_next=True)
    for text in signatures:
        page.line(text, align=RIGHT, right_indent=2, before=14, spacing=_SPACING, with_next=True)
    page.line("{{ dated }}", align=RIGHT, right_indent=4, before=6, spacing=_SPACING)

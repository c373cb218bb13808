"""答辩安排表, 汇总表, 公示名单 and 异常情况登记表: the papers of a whole round."""

from __future__ import annotations

from tools.document_templates.page import (
    BODY,
    CENTER,
    HEI,
    LEFT,
    RIGHT,
    SONG,
    TABLE,
    Column,
    Page,
)

_WIDE_MARGINS = (18.0, 15.0, 18.0, 15.0)
_COUNTS = (
    ("须答辩", "candidates"),
    ("已表决", "held"),
    ("通过", "passed"),
    ("否决", "failed"),
    ("缺席", "absent"),
    ("放弃", "waived"),
    ("取消", "cancelled"),
    ("待定", "pending"),
)


def timetable() -> Page:
    """答辩安排表: a table for each half-day of a panel."""
    page = Page("视频答辩安排表", _WIDE_MARGINS, landscape=True)
    page.heading("{{ title }}")
    page.line("{{ round.name }}", font=SONG, size=TABLE, align=CENTER, after=4)
    page.line(
        "共 {{ total }} 人。请按“进入候场”的时间进入（提前{{ check_in_min }}分钟），备好身份证；"
        "时间以北京时间为准，新疆时间早两小时。"
        "咨询电话：{{ telephones|join('、') }}；技术支持：{{ support_telephones|join('、') }}。",
        font=SONG,
        size=TABLE,
    )
    page.tag("for sitting in sittings")
    page.line(
        "{{ sitting.panel }}　{{ sitting.day }}　{{ sitting.period }}　"
        "{{ sitting.count }} 人　{{ sitting.clocks }}",
        font=HEI,
        size=12,
        before=10,
        after=4,
        with_next=True,
    )
    page.table(
        (
            Column("序号", 11, "{{ row.order }}"),
            Column("进入候场\n北京（新疆）", 32, "{{ row.entry_beijing }}（{{ row.entry_xinjiang }}）"),
            Column("答辩时间\n北京时间", 29, "{{ row.beijing }}"),
            Column("答辩时间\n新疆时间", 29, "{{ row.xinjiang }}"),
            Column("申报编号", 31, "{{ row.number }}"),
            Column("姓名", 34, "{{ row.name }}"),
            Column("工作单位", 45, "{{ row.unit }}", LEFT),
            Column("申报系列、专业", 39, "{{ row.series }}\n{{ row.specialty }}", LEFT),
            Column("级别", 17, "{{ row.level }}"),
        ),
        "row in sitting.rows",
        size=10,
    )
    page.tag("endfor")
    _made(page)
    return page


def summary() -> Page:
    """汇总表: totals, then a table for each panel."""
    page = Page("视频答辩汇总表", _WIDE_MARGINS, landscape=True)
    page.heading("{{ title }}")
    page.line("{{ round.name }}", font=SONG, size=TABLE, align=CENTER)
    page.line("统计截至：{{ as_of }}", font=SONG, size=TABLE, align=CENTER, after=6)
    page.numbers([(name, f"{{{{ totals.{key} }}}}") for name, key in _COUNTS], 33)
    page.line(
        "全批次申报 {{ applications }} 人，其中无需答辩 {{ not_required }} 人，"
        "材料不符合要求 {{ not_eligible }} 人。",
        font=SONG,
        size=TABLE,
        before=4,
    )
    page.tag("for rule in rules")
    page.line(("表决规则：", HEI), "{{ rule }}", font=SONG, size=TABLE)
    page.tag("endfor")
    page.tag("for group in panels")
    page.line(
        "{{ group.panel }}（"
        + "，".join(f"{name} {{{{ group.counts.{key} }}}}" for name, key in _COUNTS)
        + "）",
        font=HEI,
        size=12,
        before=10,
        after=4,
        with_next=True,
    )
    page.table(
        (
            Column("序号", 11, "{{ row.order }}"),
            Column("申报编号", 32, "{{ row.number }}"),
            Column("姓名", 34, "{{ row.name }}"),
            Column("工作单位", 46, "{{ row.unit }}", LEFT),
            Column("申报系列、专业", 38, "{{ row.series }}\n{{ row.specialty }}", LEFT),
            Column("级别", 17, "{{ row.level }}"),
            Column("答辩结果", 20, "{{ row.outcome }}"),
            Column("表决情况", 43, "{{ row.tally or '—' }}"),
            Column("结论", 25, "{{ row.conclusion }}"),
        ),
        "row in group.rows",
        size=10,
    )
    page.tag("endfor")
    page.line(
        "制表人：＿＿＿＿＿＿＿　　审核人：＿＿＿＿＿＿＿　　监督员：＿＿＿＿＿＿＿",
        font=SONG,
        size=TABLE,
        before=14,
        with_next=True,
    )
    _made(page)
    return page


def public_list() -> Page:
    """公示名单, to be put up."""
    page = Page("公示名单", _WIDE_MARGINS, landscape=True)
    page.heading("{{ title }}", font=SONG, bold=True, after=4)
    page.line("{{ round.name }}", font=SONG, size=12, align=CENTER, after=10)
    page.line(
        "以下 {{ total }} 名申报人已通过视频答辩，现予公示（按申报系列、专业和申报编号排列）。"
        "公示时间自{{ period_start }}"
        "起至{{ period_end }}止（{{ working_days }}个工作日）。公示期间如有异议，请以电话或书面形式实名反映。"
        "联系电话：{{ telephones|join('、') }}。",
        size=14,
        indent=2,
        spacing=26,
        after=8,
    )
    page.table(
        (
            Column("序号", 12, "{{ row.order }}"),
            Column("申报编号", 34, "{{ row.number }}"),
            Column("姓名", 34, "{{ row.name }}"),
            Column("身份证号", 42, "{{ row.id_number }}"),
            Column("申报系列、专业", 46, "{{ row.series }}\n{{ row.specialty }}", LEFT),
            Column("级别", 18, "{{ row.level }}"),
            Column("工作单位", 63, "{{ row.unit }}", LEFT),
            Column("结果", 18, "{{ row.result }}"),
        ),
        "row in rows",
    )
    page.line(
        "为保护个人信息，姓名、身份证号已部分隐去，可凭申报编号核对本人信息。",
        font=SONG,
        size=TABLE,
        before=6,
    )
    page.line("（公章）", size=BODY, align=RIGHT, right_indent=4, before=24, with_next=True)
    page.line("{{ made_on }}", size=BODY, align=RIGHT, right_indent=2, before=6)
    return page


def incidents() -> Page:
    """异常情况登记表."""
    page = Page("视频答辩异常情况登记表", _WIDE_MARGINS, landscape=True)
    page.heading("{{ title }}")
    page.line("{{ round.name }}", font=SONG, size=TABLE, align=CENTER)
    page.line("登记截至：{{ as_of }}", font=SONG, size=TABLE, align=CENTER, after=6)
    page.tag("if rows")
    page.line(
        "共 {{ total }} 项：{% for each in counts %}{{ each.kind }} {{ each.count }} 项"
        "{% if not loop.last %}，{% endif %}{% endfor %}。",
        font=SONG,
        size=TABLE,
        after=4,
    )
    page.table(
        (
            Column("序号", 11, "{{ row.order }}"),
            Column("类别", 18, "{{ row.kind }}"),
            Column("时间", 58, "{{ row.day }}\n{{ row.clocks }}"),
            Column("答辩组", 32, "{{ row.panel or '—' }}", LEFT),
            Column("答辩人", 34, "{{ row.name }}\n{{ row.number }}"),
            Column("情况（原因）", 44, "{{ row.reason or '—' }}", LEFT),
            Column("处理", 40, "{{ row.handling or '—' }}", LEFT),
            Column("登记人", 30, "{{ row.recorded_by or '—' }}"),
        ),
        "row in rows",
        size=10,
    )
    page.tag("else")
    page.line("本批次无异常情况。", size=BODY, align=CENTER, before=20, after=20)
    page.tag("endif")
    page.line(
        "登记人：＿＿＿＿＿＿＿　　审核人：＿＿＿＿＿＿＿　　监督员：＿＿＿＿＿＿＿",
        font=SONG,
        size=TABLE,
        before=14,
        with_next=True,
    )
    _made(page)
    return page


def _made(page: Page) -> None:
    page.line("制表时间：{{ made_at }}", font=SONG, size=TABLE, align=RIGHT, before=6)

"""签到表, 表决票, 答辩情况登记表 and 会议记录: the papers of one sitting."""

from __future__ import annotations

from tools.document_templates.page import (
    BODY,
    CENTER,
    HEI,
    LEFT,
    NOTE,
    RIGHT,
    SONG,
    TABLE,
    Column,
    Page,
)

_MARGINS = (20.0, 18.0, 20.0, 18.0)
_CHOICES = 22.0
"""Points: large enough to be marked without a mistake."""
_PLACE = "{{ round.name }}\n{{ panel }}　{{ day }}　{{ period }}　{{ clocks }}"


def attendance() -> Page:
    """签到表: candidates, then members, secretary and attendees on a page of their own."""
    page = Page("签到表", _MARGINS, landscape=True)
    page.heading("视频答辩签到表（答辩人）")
    _place(page)
    page.table(
        (
            Column("序号", 11, "{{ row.order }}"),
            Column("进入候场\n北京（新疆）", 32, "{{ row.entry_beijing }}（{{ row.entry_xinjiang }}）"),
            Column("答辩时间\n北京时间", 29, "{{ row.beijing }}"),
            Column("答辩时间\n新疆时间", 29, "{{ row.xinjiang }}"),
            Column("申报编号", 31, "{{ row.number }}"),
            Column("姓名", 34, "{{ row.name }}"),
            Column("工作单位", 40, "{{ row.unit }}", LEFT),
            Column("签名", 34),
            Column("签到时间", 21),
        ),
        "row in candidates",
        row_mm=13,
        size=10,
    )
    page.line(
        "请提前{{ check_in_min }}分钟进入候场并出示身份证。"
        "视频答辩由秘书核对身份后代为登记，在“签名”栏注明“视频核验”。",
        font=SONG,
        size=NOTE,
        before=4,
    )
    page.heading("视频答辩签到表（专家和工作人员）", starts_page=True)
    _place(page)
    page.table(
        (
            Column("职责", 56, "{{ row.duty }}"),
            Column("姓名", 45, "{{ row.name }}"),
            Column("工作单位", 80, "{{ row.unit }}", LEFT),
            Column("签名", 50),
            Column("签到时间", 30),
        ),
        "row in members",
        row_mm=13,
        blank_rows=2,
    )
    return page


def ballot_papers() -> Page:
    """表决票: a page for each candidate."""
    page = Page("表决票", _MARGINS)
    page.tag("for paper in papers")
    page.heading("表　决　票", starts_page=True)
    _place(page)
    page.facts(
        (
            ("序号", "{{ paper.order }}", "答辩时间", "{{ paper.beijing }}（新疆 {{ paper.xinjiang }}）"),
            ("姓名", "{{ paper.name }}", "申报编号", "{{ paper.number }}"),
            ("工作单位", "{{ paper.unit }}"),
            (
                "申报资格",
                "{{ paper.applies_for }}{% if paper.attempt > 1 %}（第{{ paper.attempt }}次答辩）{% endif %}",
            ),
        ),
        (24, 56, 24, 70),
        row_mm=12,
        size=11,
    )
    page.line(("表决规则：", HEI), "{{ rule }}", font=SONG, size=TABLE, before=10)
    page.line(("规则效力：", HEI), "{{ effect }}。", font=SONG, size=TABLE, after=6)
    page.tag("if scored")
    page.line(
        "评分（0 至 100 分，可保留一位小数）：＿＿＿＿＿＿ 分", font=HEI, size=BODY, before=14, after=10
    )
    page.line("{% for choice in choices %}□ {{ choice }}　　{% endfor %}", font=HEI, size=BODY, after=14)
    page.tag("else")
    page.line(
        "{% for choice in choices %}□ {{ choice }}{% if not loop.last %}　　　　{% endif %}{% endfor %}",
        font=HEI,
        size=_CHOICES,
        align=CENTER,
        before=30,
        after=30,
    )
    page.tag("endif")
    page.line(
        "请在所选项的方框内画“√”，只选一项；不选、多选或涂改的为无效票。", font=SONG, size=TABLE, after=8
    )
    page.tag("if veto_reasons")
    page.line("投否决票的，请勾选理由（只选一项）：", font=HEI, size=12, before=6, after=4)
    page.line(
        "{% for reason in veto_reasons %}□ {{ reason }}{% if not loop.last %}　　{% endif %}{% endfor %}",
        size=14,
        spacing=26,
    )
    page.line("理由说明：", size=14, before=6, writing_line=True)
    page.line("", size=14, before=10, writing_line=True)
    page.tag("endif")
    page.tag("if secret")
    page.line(
        "本票为无记名投票：请勿签名，不写任何可以辨认投票人的字句或记号；填好后折叠，投入票箱。",
        font=HEI,
        size=TABLE,
        before=16,
    )
    page.tag("else")
    page.line("表决人签名：＿＿＿＿＿＿＿＿　　　　日期：＿＿＿＿年＿＿月＿＿日", size=14, before=26)
    page.tag("endif")
    page.line(
        "本票按有表决权的成员每人一张，共印 {{ paper.copies }} 张{% if paper.recused %}"
        "（{{ paper.recused }} 名成员对该答辩人回避，不发票）{% endif %}；加盖公章后有效。"
        "仅在线上表决无法进行时使用，计票结果由秘书、监督员签字后随会议记录归档。",
        font=SONG,
        size=NOTE,
        before=16,
    )
    page.tag("endfor")
    return page


def defence_records() -> Page:
    """答辩情况登记表: a page for each candidate."""
    page = Page("答辩情况登记表", (16.0, 18.0, 16.0, 18.0))
    page.tag("for record in records")
    page.heading("答辩情况登记表", starts_page=True, after=4)
    page.line("{{ round.name }}", font=SONG, size=TABLE, align=CENTER, after=4)
    page.facts(
        (
            ("序号", "{{ record.order }}", "申报编号", "{{ record.number }}"),
            ("姓名", "{{ record.name }}", "性别", "{{ record.gender }}"),
            ("工作单位", "{{ record.unit }}"),
            ("现任资格", "{{ record.present_title }}", "申报资格", "{{ record.applies_for }}"),
            ("答辩组", "{{ panel }}（组长：{{ head }}；秘书：{{ secretary }}）"),
            ("成员", "{{ members|join('、') }}"),
            (
                "安排时间",
                "{{ day }} 北京时间 {{ record.beijing }}（新疆时间 {{ record.xinjiang }}）"
                "{% if record.attempt > 1 %}；第{{ record.attempt }}次答辩{% endif %}",
            ),
            ("开始", "{{ record.begun }}", "离场", "{{ record.ended }}"),
            # Before the defence a 无 would be untrue on paper: it is left to the pen.
            ("回避", "{{ record.recused|join('、') or ('无' if record.begun else '') }}"),
            ("中断", "{{ record.breaks|join('；') or ('无' if record.begun else '') }}"),
        ),
        (20, 67, 20, 67),
        row_mm=7.5,
        size=10,
    )
    page.line("", size=4)
    page.blank_table((("序号", 12), ("提问（提问人、内容）", 68), ("回答要点", 74), ("备注", 20)), 4, 19)
    page.line("", size=4)
    page.facts(
        (
            (
                "答辩结论",
                "{% if record.decided %}{{ record.outcome }}{% if record.tally %}（{{ record.tally }}）"
                "{% endif %}{% if record.veto_reasons %}；否决理由：{{ record.veto_reasons }}{% endif %}"
                "　{{ record.decided_at }}{% else %}尚未形成结论（{{ record.state }}）{% endif %}",
            ),
            ("表决规则", "{{ record.rule or '—' }}"),
            ("评议意见", "\n\n"),
        ),
        (20, 154),
        row_mm=8,
        size=10,
    )
    _signatures(page, "组长签字", "秘书签字", "监督员签字")
    page.tag("endfor")
    return page


def minutes() -> Page:
    """会议记录."""
    page = Page("视频答辩会议记录", _MARGINS)
    page.heading("{{ title }}")
    page.line("{{ round.name }}", font=SONG, size=TABLE, align=CENTER, after=6)
    page.facts(
        (
            ("答辩组", "{{ panel }}", "日期", "{{ day }}{{ period }}"),
            ("安排时间", "{{ clocks }}"),
            ("组长", "{{ head }}", "秘书", "{{ secretary or '—' }}"),
            ("答辩人", "共 {{ candidates|length }} 人。以下时刻均为北京时间，新疆时间早两小时。"),
        ),
        (22, 65, 22, 65),
    )
    _section(page, "一、答辩组成员")
    page.table(
        (
            Column("姓名", 40, "{{ member.name }}"),
            Column("工作单位", 74, "{{ member.unit }}", LEFT),
            Column("职责", 30, "{{ member.duty }}"),
            Column("到场", 30, "{{ member.attendance }}"),
        ),
        "member in members",
    )
    _section(page, "二、答辩和表决情况")
    page.tag("for each in candidates")
    _candidate(page)
    page.tag("endfor")
    _section(page, "三、未举行或未完成的答辩")
    page.tag("if incidents")
    page.table(
        (
            Column("序号", 14, "{{ incident.order }}"),
            Column("姓名", 38, "{{ incident.name }}"),
            Column("处理", 20, "{{ incident.decided }}"),
            Column("时间", 20, "{{ incident.when }}"),
            Column("登记人", 30, "{{ incident.recorded_by }}"),
            Column("原因", 52, "{{ incident.reason }}", LEFT),
        ),
        "incident in incidents",
    )
    page.tag("elif not waiting")
    page.line("无。", font=SONG, size=TABLE)
    page.tag("endif")
    page.tag("if waiting")
    page.line("尚未结束：{{ waiting|join('；') }}。", font=SONG, size=TABLE, before=4)
    page.tag("endif")
    _evidence(page)
    _signatures(page, "组长签字", "秘书签字", "监督员签字")
    return page


def _candidate(page: Page) -> None:
    """One candidate: what they apply for, the course, every vote, the outcome."""
    page.line(
        "{{ each.order }}．{{ each.name }}　{{ each.outcome }}",
        font=HEI,
        size=12,
        before=8,
        after=3,
        with_next=True,
    )
    page.facts(
        (
            ("申报资格", "{{ each.applies_for }}"),
            (
                "安排时间",
                "{{ each.expected }}{% if each.attempt > 1 %}；第{{ each.attempt }}次答辩{% endif %}",
            ),
            ("{%tr if each.heard_again %}",),
            ("再次答辩", "{{ each.heard_again }}"),
            ("{%tr endif %}",),
            ("过程", "{{ each.course|join('；') or '—' }}"),
            ("{%tr if each.recused %}",),
            ("回避", "{{ each.recused|join('。') }}"),
            ("{%tr endif %}",),
            ("{%tr if each.breaks %}",),
            ("中断", "{{ each.breaks|join('。') }}"),
            ("{%tr endif %}",),
            ("{%tr if each.pauses %}",),
            ("计时暂停", "{{ each.pauses|join('；') }}"),
            ("{%tr endif %}",),
            ("{%tr for vote in each.votes %}",),
            (
                "第{{ vote.number }}轮表决",
                "规则：{{ vote.rule }}\n方式：{{ vote.ballots }}\n人数：{{ vote.turnout }}\n"
                "结果：{{ vote.result }}"
                "{% if vote.reasons %}\n否决理由：{{ vote.reasons }}{% endif %}"
                "{% if vote.remarks %}\n意见（次序随机）：{{ vote.remarks|join('；') }}{% endif %}",
            ),
            ("{%tr endfor %}",),
            ("{%tr if each.requests %}",),
            ("申请", "{{ each.requests|join('。') }}"),
            ("{%tr endif %}",),
            ("结果", "{{ each.outcome }}{% if each.effect %}（{{ each.effect }}）{% endif %}"),
        ),
        (24, 150),
        row_mm=6.5,
        size=10,
    )


def _evidence(page: Page) -> None:
    _section(page, "四、审计和封存")
    page.facts(
        (
            (
                "审计链末条",
                "{% if audit_head.recorded %}链 {{ audit_head.chain }} 第 {{ audit_head.seq }} 条\n"
                "{{ audit_head.digest }}"
                "{% else %}尚无记录{% endif %}",
            ),
            ("核验命令", "{{ check or '—' }}"),
            ("封存", "{% if seal.sealed %}{{ seal.by }}，{{ seal.at }}{% else %}尚未封存{% endif %}"),
            ("{%tr if seal.sealed %}",),
            ("签名", "{{ seal.signature }}"),
            ("公钥", "{{ seal.public_key }}"),
            ("封存记录", "{{ seal.entry }}\n{{ seal.entry_digest }}"),
            ("{%tr endif %}",),
        ),
        (24, 150),
        row_mm=7,
        size=NOTE,
    )


def _section(page: Page, text: str) -> None:
    page.line(text, font=HEI, size=12, before=10, after=4, with_next=True)


def _place(page: Page) -> None:
    for n, text in enumerate(_PLACE.split("\n")):
        page.line(text, font=SONG, size=TABLE, align=CENTER, after=6.0 * n)


def _signatures(page: Page, *who: str) -> None:
    page.line(
        "　　".join(f"{name}：＿＿＿＿＿＿＿" for name in who),
        font=SONG,
        size=TABLE,
        before=12,
        with_next=True,
    )
    page.line("日期：＿＿＿＿年＿＿月＿＿日", font=SONG, size=TABLE, align=RIGHT, before=6)

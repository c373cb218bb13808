"""Invents what stands behind the bare statements of an applicant: the rows of the detail sheets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from defense.domain.errors import InvalidInput
from defense.domain.record_parts import PROOF_TEXT, ProofKind, TrainingKind
from defense.domain.round_rules import RoundRules
from defense.domain.vocabulary import LEVEL_TEXT, Affiliation
from defense.domain.working_days import count_working_days
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.integrations.sample_data.people import Applicant, domain_of
from defense.integrations.sample_data.vocabulary import invent_name
from defense.integrations.workbooks.applications import STATED_PROOFS, application_columns
from defense.integrations.workbooks.details import detail_sheets

MOST_WHOLE = 240
"""Applicants with details; the others have the main sheet only, as a workbook has room for 50,000 rows."""

Rows = dict[str, list[list[Any]]]
"""Title of a detail sheet → its rows."""

_RECOMMENDED = "本单位已对提供的申报材料逐一审核，真实、完整、有效，同意推荐"
_SCHOOLS = {
    "engineering": ("新疆天山工学院", "西北雪岭大学", "乌鲁木齐理工学院"),
    "economy": ("新疆绿洲财经学院", "西北雪岭大学", "昌吉经贸学院"),
    "cadre_school": ("新疆天山师范学院", "西北雪岭大学"),
    "skill_school": ("新疆天山工学院", "新疆职业师范学院"),
}
_ACHIEVEMENTS = {
    "engineering": ("灌区节水改造工程设计", "水库除险加固工程", "煤矿智能化综采项目", "公路边坡治理工程"),
    "economy": ("企业薪酬体系改革", "物流园区经营规划", "县域产业投资评估", "岗位绩效考核办法"),
    "cadre_school": ("基层治理课程建设", "干部培训案例库", "红色教育现场教学点"),
    "skill_school": ("数控加工一体化课程", "焊接实训基地建设", "校企合作订单班"),
}
_ROLES = ("主持人", "技术负责人", "主要完成人", "执笔人")
_RETURNS = ("公示结果未加盖公章", "学历证书扫描件不清晰", "继续教育证书缺少1个年度", "业绩成果缺少印证材料")
_PERIODS = re.compile(r"(\d{4})年7月至(\d{4})年8月")
_AREA_OFFICE = "人力资源和社会保障局"


@dataclass(frozen=True)
class _Stated:
    """What the main sheet says of somebody, as the reader of the workbook understands it."""

    values: dict[str, Any]
    applicant: Applicant
    rules: RoundRules

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    @property
    def day(self) -> date:
        day: date = self.values["submitted_at"].date()
        return day

    @property
    def career(self) -> tuple[int, int]:
        """The year in which work began, and that of the move to the present unit."""
        match = _PERIODS.search(self["work_summary"])
        return (int(match[1]), int(match[2])) if match else (2000, 2010)


def invent_details(applicants: Sequence[Applicant], rules: RoundRules, rng: Random) -> Rows:
    """The detail rows of these applicants, true to their main rows; adds the cells that may be missing.

    Who has a cell that cannot be read gets no details.
    """
    rows: Rows = {sheet.title: [] for sheet in detail_sheets()}
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    for applicant in applicants:
        stated = _understood(applicant, rules)
        if stated is None:
            continue
        applicant.cells |= _spare_cells(stated, calendar, rng)
        for title, cells in _details_of(stated, rng):
            rows[title].append([stated["number"], *cells])
    return rows


def _understood(applicant: Applicant, rules: RoundRules) -> _Stated | None:
    values = {}
    for column in application_columns(rules):
        cell = applicant.cells.get(column.key)
        if cell is None and column.may_be_blank:
            continue
        if cell is None or str(cell).startswith("="):
            return None
        try:
            values[column.key] = column.reads(cell)
        except InvalidInput:
            return None
    return _Stated(values, applicant, rules)


def _spare_cells(stated: _Stated, calendar: ChineseWorkingCalendar, rng: Random) -> dict[str, Any]:
    begun, moved = stated.career
    days = _working_days(stated, calendar)
    return {
        "ethnicity": "维吾尔族" if len(stated["name"]) > 3 else rng.choice(("汉族", "汉族", "回族")),
        "political_status": rng.choice(("中共党员", "中共党员", "群众", "民盟盟员")),
        "present_title_on": f"{min(moved + 2, stated.rules.year - 5)}-12-{rng.randrange(1, 29):02d}",
        "professional_years": stated.rules.year - begun,
        "publicity_days": days or "无",
        # Also where an objection came in since: 附件2 is a form.
        "publicity_outcome": "公示期间无投诉、举报，公示无异议，申报材料真实、完整、有效，同意推荐",
        "sending_unit": "外省某市人才服务中心" if stated["on_aid_posting"] else "无",
    }


def _working_days(stated: _Stated, calendar: ChineseWorkingCalendar) -> int:
    if stated["publicity_start"] is None or stated["publicity_end"] is None:
        return 0
    try:
        return count_working_days(stated["publicity_start"], stated["publicity_end"], calendar)
    except InvalidInput:
        return 0


def _details_of(stated: _Stated, rng: Random) -> Iterator[tuple[str, list[Any]]]:
    yield from _education(stated, rng)
    yield from _work(stated, rng)
    yield from _yearly(stated, rng)
    yield from _history(stated, rng)
    yield from _opinions(stated)
    for kind, name in _proofs(stated):
        yield "附件清单", _attachment(stated, kind, name, rng)


def _education(stated: _Stated, rng: Random) -> Iterator[tuple[str, list[Any]]]:
    begun, _moved = stated.career
    domain, online = domain_of(stated.applicant.series, stated.rules), stated["has_degree_check"]
    school = rng.choice(_SCHOOLS[domain])
    subject = stated["specialty"]
    for degree, year in (("本科、学士", begun), ("研究生、硕士", begun + 6))[: rng.choice((1, 1, 2))]:
        number = f"{rng.randrange(10**5):05d}1{year}05{rng.randrange(10**6):06d}"
        yield "学历学位", [school, subject, degree, f"{year}-06-30", number, "是" if online else "否"]
    if stated["has_exam_result"]:
        name, year = "高级经济专业技术资格考试（人力资源管理）", rng.choice((2019, 2020))
        yield (
            "考试成绩",
            [name, year, f"GJ{year}{rng.randrange(10**6):06d}", f"合格（{rng.randrange(60, 95)}分）"],
        )


def _work(stated: _Stated, rng: Random) -> Iterator[tuple[str, list[Any]]]:
    begun, moved = stated.career
    yield "工作简历明细", [f"{begun}-07-01", f"{moved}-08-31", "基层单位", "技术员"]
    yield "工作简历明细", [f"{moved}-09-01", "至今", stated["unit"], stated["present_title"]]
    titles = _ACHIEVEMENTS[domain_of(stated.applicant.series, stated.rules)]
    for title in rng.sample(titles, 2):
        year = rng.randrange(stated.rules.year - 5, stated.rules.year - 1)
        role, saved = rng.choice(_ROLES), rng.randrange(20, 600)
        text = f"{year}年3月立项，次年10月验收；负责方案编制和现场实施，节约资金{saved}万元"
        yield "业绩成果明细", [title, f"{year}-03-01", f"{year + 1}-10-31", role, text]


def _yearly(stated: _Stated, rng: Random) -> Iterator[tuple[str, list[Any]]]:
    for kind, word in ((TrainingKind.PROFESSIONAL, "专业科目"), (TrainingKind.PUBLIC, "公需科目")):
        for year in sorted(stated[f"{kind}_training_years"]):
            number = f"JX{year}{rng.randrange(10**6):06d}"
            yield "继续教育", [word, year, 60 if kind == TrainingKind.PROFESSIONAL else 30, number]
    for year in sorted(stated["appraisal_years"]):
        yield "年度考核", [year, rng.choice(("优秀", "合格", "合格"))]


def _history(stated: _Stated, rng: Random) -> Iterator[tuple[str, list[Any]]]:
    last, count = stated["submitted_at"], stated["submission_count"]
    for earlier in range(count - 1, 0, -1):
        # Filing opens at midnight and everybody hands in after ten: three hours apart is never too early.
        at = last - timedelta(hours=3 * earlier)
        returned = at + timedelta(hours=2)
        yield "上报记录", [_moment(at), _moment(returned), rng.choice(_RETURNS)]
    yield "上报记录", [_moment(last), "无", "无"]
    passed = stated["formal_review_passed"]
    levels = [("基层单位", stated["unit"], 1), ("主管单位", _supervisor(stated), 3)]
    if stated["affiliation"] in (Affiliation.PREFECTURE, Affiliation.COUNTY, Affiliation.TOWNSHIP):
        levels.append(("地州市", f"{stated['prefecture']}{_AREA_OFFICE}", 5))
    for stage, unit, days in levels:
        at = last + timedelta(days=days, hours=1)
        yield "审核记录", [stage, unit, _person(rng), _moment(at), "通过", "材料真实、完整、有效，同意上报"]
    opinion = "通过形式审核" if passed else "业绩成果印证材料不符合要求，形式审核不通过"
    at = last + timedelta(days=9)
    unit = "自治区职称社会化评价中心"
    yield "审核记录", ["中心终审", unit, _person(rng), _moment(at), "通过" if passed else "退回", opinion]
    if stated["fee_paid"]:
        regional = stated["affiliation"] in (Affiliation.REGION, Affiliation.CENTRAL)
        payer = "本人" if regional else f"{stated['prefecture']}{_AREA_OFFICE}"
        yield "缴费记录", [f"{last + timedelta(days=12):%Y-%m-%d}", payer, f"XJ{rng.randrange(10**8):08d}"]


def _opinions(stated: _Stated) -> Iterator[tuple[str, list[Any]]]:
    if stated["has_recommending_opinion"]:
        yield "推荐单位意见", [stated["unit"], _RECOMMENDED, f"{stated.day:%Y-%m-%d}"]
    if stated["has_supervising_opinion"]:
        series = stated["series"] if "系列" in stated["series"] else f"{stated['series']}系列"
        text = (
            f"经审核，同意推荐{stated['name']}同志申报{series}{stated['specialty']}专业"
            f"{LEVEL_TEXT[stated['level']].zh}专业技术任职资格"
        )
        yield "主管单位意见", [_supervisor(stated), text, f"{stated.day:%Y-%m-%d}"]
    if stated["has_commission_letter"]:
        issuer = {
            Affiliation.MILITARY: "某军区政治工作部",
            Affiliation.OUTSIDE_ENTERPRISE: "外省人力资源和社会保障厅",
        }.get(stated["affiliation"], "国家某部人事司")
        days = [f"{stated.day - timedelta(days=back):%Y-%m-%d}" for back in (20, 12)]
        yield "委托评审", [issuer, days[0], "自治区专业技术人员职称办公室", days[1]]


def _proofs(stated: _Stated) -> Iterator[tuple[ProofKind, str]]:
    """The proofs with the ends of their files' names."""
    for column, kind in STATED_PROOFS.items():
        if stated[column]:
            yield kind, ".jpg" if kind == ProofKind.PHOTO else ".pdf"
    yield ProofKind.EXPERIENCE_PROOF, ".pdf"
    yield ProofKind.PUBLICITY_NOTICE, ".pdf"
    yield ProofKind.PUBLICITY_RESULT, ".pdf"
    for year in sorted(stated["professional_training_years"] | stated["public_training_years"]):
        yield ProofKind.TRAINING_CERTIFICATE, f"{year}.pdf"
    for year in sorted(stated["appraisal_years"]):
        yield ProofKind.APPRAISAL_FORM, f"{year}.pdf"
    wanted = {
        ProofKind.WORKS_PROOF: stated["works"] != "无",
        ProofKind.COMMISSION_APPROVAL: stated["has_commission_letter"],
        ProofKind.AID_CONSENT: stated["on_aid_posting"] and stated["sending_unit_consents"],
        ProofKind.FANGHUIJU_PROOF: stated["in_fanghuiju"],
    }
    for kind, is_there in wanted.items():
        if is_there:
            yield kind, ".pdf"


def _attachment(stated: _Stated, kind: ProofKind, ending: str, rng: Random) -> list[Any]:
    name = f"{re.sub(r'（.*', '', PROOF_TEXT[kind].zh)}{ending}"
    digest = hashlib.sha256(f"{stated['number']} {name}".encode()).hexdigest()
    return [PROOF_TEXT[kind].zh, name, rng.randrange(40_000, 3_000_000), digest, f"{digest[:12]}"]


def _supervisor(stated: _Stated) -> str:
    if stated["affiliation"] in (Affiliation.PREFECTURE, Affiliation.COUNTY, Affiliation.TOWNSHIP):
        return f"{stated['prefecture']}行业主管局人事科"
    return "行业主管厅局人事处"


def _person(rng: Random) -> str:
    return invent_name(rng.choice(("男", "女")), rng)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"

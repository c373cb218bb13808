"""The sentences of explanations; what stands in braces is filled in by `scheduler.explain.words`."""

from typing import Any

from scheduler.explain.explanation import Fact, FactKind, RepairKind
from scheduler.schedule import Message

K, R = FactKind, RepairKind

FACT_TEXTS = {
    K.DEMAND: Message(
        "“{category}”共 {total} 人须答辩，每人 {duration_min} 分钟；冲突只须其中 {needed} 人",
        "{total} candidates of {category} must be heard, {duration_min} min each; {needed} suffice to clash",
    ),
    K.UNAVAILABLE: Message("{who} 不能参加的时间：{when}", "{who} cannot come: {when}"),
    K.RECUSAL: Message("{who} 答辩时 {persons} 须回避", "{persons} must leave the room for {who} (recusal)"),
    K.BUFFER: Message("每人之后留 {buffer_min} 分钟间隔", "a pause of {buffer_min} min after each"),
    K.PIN: Message("{who} 的时段已锁定：{when}（{panel}）", "{who} is pinned to {when} in {panel}"),
    K.ATTENDEES: Message("{who} 答辩时 {persons} 必须到场", "{persons} must attend the defence of {who}"),
    K.ABSENCE: Message("{persons} 不能参加的时间：{when}", "{persons} is away: {when}"),
    K.ONE_PLACE: Message("{persons} 同一时间只能在一处", "{persons} can only be in one place at a time"),
    K.SITTINGS: Message(
        "{panel} 的场次只有 {sittings} 个，共 {minutes} 分钟：{when}",
        "the half-days of {panel} are only {sittings}, {minutes} min in all: {when}",
    ),
    K.CATEGORY: Message("受理“{category}”的只有 {panel}", "only {panel} may hear {category}"),
    K.LIMIT: Message("同时开设的场次至多 {limit} 个", "at most {limit} sittings may run at the same time"),
    K.CLOSURES: Message("停排时间内不能开场：{when}", "nobody sits during the closures: {when}"),
    K.PANEL_SIZE: Message(
        "到场且不回避的专家至少 {min_panel_size} 人",
        "at least {min_panel_size} members must hear each candidate",
    ),
    K.ODD: Message("到场及回避后的专家人数须为单数", "the number of members must be odd, after recusal too"),
}

_SINGLE = Message(
    "“{category}”的 {who} 须答辩（{duration_min} 分钟）",
    "{who} of {category} must be heard ({duration_min} min)",
)
_ALL_NEEDED = Message(
    "“{category}”共 {total} 人须答辩，每人 {duration_min} 分钟",
    "{total} candidates of {category} must be heard, {duration_min} min each",
)
_VARIOUS_TIMES = Message("{who} 各有不能参加的时间", "{who} cannot come at various times")
_NO_PANEL = Message("没有答辩组受理“{category}”", "no panel may hear {category}")
_NO_SITTING = Message("{panel} 没有安排任何场次", "{panel} has no half-day planned")
MANY_PANELS_TEXT = Message(
    "{panel} 的场次合计只有 {sittings} 个，共 {minutes} 分钟",
    "the half-days of {panel} are only {sittings}, {minutes} min in all",
)

REPAIR_TEXTS = {
    R.UNPIN: Message("解除 {candidate} 的锁定时段", "Unpin the slot of {candidate}"),
    R.EXTEND_SITTING: Message(
        "{panel} {when} 的场次延长 {minutes} 分钟", "Let {panel} sit {minutes} min longer on {when}"
    ),
    R.RAISE_LIMIT: Message(
        "同时开设的场次上限提高到 {limit} 个", "Raise the limit to {limit} sittings at once"
    ),
    R.ADD_EXPERT: Message("为 {panel} 增补专家：{person}", "Add to {panel}: {person}"),
    R.REPLACE_RECUSED: Message(
        "答辩 {candidate} 时由替补接替须回避的 {person}",
        "For {candidate}, let a substitute sit instead of {person}",
    ),
    R.REPLACE_EXPERT: Message(
        "在 {panel} 由 {substitute} 接替 {person}", "Let {substitute} sit on {panel} instead of {person}"
    ),
    R.ACCEPT_CATEGORY: Message("由 {panel} 也受理“{category}”", "Let {panel} hear {category} too"),
    R.MOVE_CANDIDATE_ABSENCE: Message(
        "请 {candidate} 改为能参加 {when} 的场次（{panel}）", "Ask {candidate} to come on {when} ({panel})"
    ),
    R.MOVE_ABSENCE: Message(
        "请 {person} 参加 {when} 的场次（{panel}）", "Ask {person} to come on {when} ({panel})"
    ),
    R.REPLACE_ATTENDEE: Message(
        "{candidate} 的到场人员 {person} 换为 {substitute}",
        "Let {substitute} attend {candidate} instead of {person}",
    ),
    R.ADD_SITTING: Message("为 {panel} 增加一个场次：{when}", "Give {panel} one more half-day: {when}"),
}

SUBSTITUTE = Message("一名新的替补", "a new substitute")


def text_of_fact(kind: FactKind, numbers: dict[str, Any]) -> Message:
    """Return the text of a fact; some numbers are said in a way of their own."""
    if kind is K.DEMAND and numbers["needed"] == numbers["total"]:
        return _SINGLE if numbers["total"] == 1 else _ALL_NEEDED
    if kind is K.UNAVAILABLE and "intervals_min" not in numbers:
        return _VARIOUS_TIMES
    if kind is K.CATEGORY and not numbers["panel_ids"]:
        return _NO_PANEL
    if kind is K.SITTINGS and not numbers["sittings"]:
        return _NO_SITTING
    return FACT_TEXTS[kind]


def text_of_demand(demand: Fact) -> Message:
    """Return how a clash begins that concerns alike candidates only."""
    if demand.numbers["needed"] == 1:
        return Message(
            "“{category}”的 {who} 排不下（{duration_min} 分钟）",
            "No place for {who} of {category} ({duration_min} min)",
        )
    most = demand.numbers["needed"] - 1
    return Message(
        f"“{{category}}”共 {{total}} 人，每人 {{duration_min}} 分钟，最多只排得下 {most} 人",
        f"{{category}}: {{total}} candidates of {{duration_min}} min, but there are places for {most}",
    )

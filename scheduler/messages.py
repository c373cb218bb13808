"""Reasons in plain words, Chinese and English."""

from typing import Any

from scheduler.schedule import Message, Unplaced, UnplacedReason

_TEXTS = {
    UnplacedReason.NO_PANEL_ACCEPTS_CATEGORY: Message(
        "没有答辩组受理类别“{category}”。请为该类别指定答辩组。",
        "No panel accepts the category {category}. Assign a panel to it.",
    ),
    UnplacedReason.NO_SITTING_PLANNED: Message(
        "受理类别“{category}”的答辩组（{panels}）没有可开的场次{closed_zh}。请增加场次。",
        "The panels that accept {category} ({panels}) have no sitting planned{closed_en}. Add sittings.",
    ),
    UnplacedReason.NO_ATTENDING_EXPERTS: Message(
        "可受理的 {sittings} 个场次（{panels}）专家不足：最多 {most_attending} 人能到，{rule_zh}。"
        "请补充专家或调整时间。",
        "None of the {sittings} sittings of {panels} can open: at most {most_attending} members can attend, "
        "{rule_en}. Add experts or other times.",
    ),
    UnplacedReason.RECUSAL_LEAVES_TOO_FEW: Message(
        "专家回避后人数不足：{panels_zh}；{rule_zh}。请更换或增补专家。",
        "Recusal leaves too few members: {panels_en}; {rule_en}. Replace or add experts.",
    ),
    UnplacedReason.LONGER_THAN_ANY_SITTING: Message(
        "答辩时长 {duration_min} 分钟，超过最长场次的 {longest_sitting_min} 分钟。",
        "The defence takes {duration_min} min, the longest sitting has only {longest_sitting_min} min.",
    ),
    UnplacedReason.CANDIDATE_UNAVAILABLE: Message(
        "可受理的 {sittings} 个场次（{panels}）内，答辩人都没有连续 {duration_min} 分钟的空闲。",
        "In none of the {sittings} sittings of {panels} is the candidate free for {duration_min} min.",
    ),
    UnplacedReason.ATTENDEES_BUSY: Message(
        "必须到场的人员没有共同的 {duration_min} 分钟空闲：可用场次 {sittings} 个，{attendees_zh}。"
        "请更换到场人员，或调整其时间。",
        "In none of the {sittings} usable sittings are all who must attend free together for {duration_min} "
        "min: {attendees_en}. Name other attendees, or make them free at other times.",
    ),
    UnplacedReason.PIN_IMPOSSIBLE: Message(
        "锁定时段无法保留：场次 {sitting_id}（{panel}），到场专家 {attending} 人，回避后 {remaining} 人，"
        "{rule_zh}；答辩组{accepted_zh}该类别，答辩人在该时段{free_zh}{absent_zh}{closed_zh}；若都无问题，则与另一锁定时段冲突。"
        "请解除锁定或换时间。",
        "The pinned slot in sitting {sitting_id} of {panel} cannot be kept: {attending} members attend, "
        "{remaining} after recusal, {rule_en}; the panel {accepted_en} the category and the candidate is "
        "{free_en}{absent_en}{closed_en}. If all this is fine, another pinned slot is in the way. "
        "Unpin it or move it.",
    ),
    UnplacedReason.EXPERT_DOUBLE_BOOKED: Message(
        "名额不足，且场次 {closed_sitting_id} 无法开设：专家 {experts} 同一时间在“{rival_panel}”的场次 "
        "{rival_sitting_id}。类别“{category}”共 {category_candidates} 人，"
        "可用 {sittings} 个场次最多 {places} 个名额。",
        "Places are short, and sitting {closed_sitting_id} cannot open because {experts} sit in "
        "{rival_sitting_id} of {rival_panel} at that time. {category} has {category_candidates} candidates; "
        "{sittings} sittings have at most {places} places.",
    ),
    UnplacedReason.PARALLEL_LIMIT: Message(
        "同时开设的场次已达上限 {max_parallel_sittings} 个，另有 {closed_sittings} 个可用场次未能开设。"
        "请提高上限或增加半天。",
        "No more than {max_parallel_sittings} sittings may run at once, so {closed_sittings} usable sittings "
        "stay closed. Raise the limit or add half-days.",
    ),
    UnplacedReason.CAPACITY: Message(
        "名额不足：类别“{category}”共 {category_candidates} 人；可用的 {sittings} 个场次"
        "最多 {places} 个名额，其他类别也可能占用。请增加场次。",
        "Places are short: {category} has {category_candidates} candidates; the {sittings} usable sittings "
        "have at most {places} places, which other categories may share. Add sittings.",
    ),
    UnplacedReason.TIME_LIMIT: Message(
        "求解在 {time_limit_s:g} 秒内没有完成，不能断定是否排得下（可用场次 {sittings} 个）。"
        "请延长时间后重算。",
        "The solver did not finish within {time_limit_s:g} s, so it is not known whether a slot exists "
        "({sittings} sittings could hear the candidate). Solve again with more time.",
    ),
}


def describe(unplaced: Unplaced) -> Message:
    """Say in plain words why a candidate has no slot.

    Parameters
    ----------
    unplaced : Unplaced
        With the detail that `scheduler.reasons` wrote.

    Returns
    -------
    Message
        Chinese and English text with the names and numbers of the detail.
    """
    text = _TEXTS[unplaced.reason]
    words = _words(unplaced.detail)
    return Message(text.zh.format(**words), text.en.format(**words))


def _closure_words(detail: dict[str, Any]) -> dict[str, str]:
    """Return what is said of sittings that fall into a closure: all of a category, or the pinned one."""
    if detail.get("is_closed"):
        return {"closed_zh": "，该场次在停排时间内", "closed_en": "; the sitting falls into a closure"}
    count = detail.get("sittings_in_closures", 0)
    return {
        "closed_zh": f"，另有 {count} 个场次在停排时间内" if count else "",
        "closed_en": f"; {count} more fall into closures" if count else "",
    }


def _attendee_words(detail: dict[str, Any]) -> dict[str, str]:
    """Return what is said of those who must attend, and of those missing at a pinned slot."""
    attendees, absent = detail.get("attendees", []), detail.get("busy_attendees", [])
    zh = "{name} 在其中 {free_sittings} 个场次有空，另须参加 {defences} 场答辩"
    en = "{name} has time in {free_sittings} of them and is needed at {defences} other defences"
    return {
        "attendees_zh": "；".join(zh.format(**person) for person in attendees),
        "attendees_en": "; ".join(en.format(**person) for person in attendees),
        "absent_zh": f"，必须到场的 {'、'.join(absent)} 不可参加" if absent else "",
        "absent_en": f", but {', '.join(absent)}, who must attend, cannot" if absent else "",
    }


def _words(detail: dict[str, Any]) -> dict[str, Any]:
    words = dict(detail)
    panels = detail.get("panels", [])
    if panels and isinstance(panels[0], dict):
        words["panels_zh"] = "；".join(
            "{name} 到场 {attending} 人，回避后 {remaining} 人".format(**p) for p in panels
        )
        words["panels_en"] = "; ".join(
            "{name}: {remaining} of {attending} remain".format(**p) for p in panels
        )
    else:
        words["panels"] = ", ".join(panels)
    words["experts"] = ", ".join(detail.get("expert_ids", []))
    words |= _attendee_words(detail) | _closure_words(detail)
    if "min_panel_size" in detail:
        size, is_odd = detail["min_panel_size"], detail["require_odd"]
        words["rule_zh"] = f"至少需 {size} 人" + ("且为单数" if is_odd else "")
        words["rule_en"] = f"at least {size} are needed" + (", an odd number" if is_odd else "")
    accepted, free = detail.get("is_category_accepted"), detail.get("is_candidate_free")
    words |= {
        "accepted_zh": "受理" if accepted else "不受理",
        "accepted_en": "accepts" if accepted else "refuses",
    }
    return words | {"free_zh": "可参加" if free else "不可参加", "free_en": "free" if free else "not free"}

"""Facts, clashes and repairs in the words of the round, Chinese and English."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from scheduler.drawing.labels import label_clock
from scheduler.explain.explanation import Clash, Fact, FactKind, RepairKind
from scheduler.explain.texts import (
    MANY_PANELS_TEXT,
    REPAIR_TEXTS,
    SUBSTITUTE,
    text_of_demand,
    text_of_fact,
)
from scheduler.instance import Candidate, Expert, Panel, SchedulingInstance
from scheduler.schedule import Message

K = FactKind
SHOWN, MANY_PANELS = 4, 3
"""Names or half-days listed before only their number is given; panels from which on they are added up."""

EPOCH_FROM_MIN = 10_000_000
"""From this minute on (1989) the axis is taken for minutes since the Unix epoch, and days get their date."""


class Wording:
    """Words for one instance."""

    def __init__(self, instance: SchedulingInstance) -> None:
        self._instance = instance
        self._panels = {panel.id: panel for panel in instance.panels}
        self._experts = {expert.id: expert for expert in instance.experts}
        self._candidates = {candidate.id: candidate for candidate in instance.candidates}
        self._sittings = {sitting.id: sitting for sitting in instance.sittings}

    def state(self, fact: Fact, alike_ids: Sequence[str] = ()) -> Fact:
        """Return the fact with its numbers and message; a demand is told together with everybody alike."""
        numbers = self._numbers(fact, alike_ids)
        return replace(fact, numbers=numbers, message=self._fill(text_of_fact(fact.kind, numbers), numbers))

    def clash(self, facts: Sequence[Fact]) -> Message:
        """Return the whole clash: who cannot all be heard, and because of what."""
        head = self._who_clashes([fact for fact in facts if fact.kind is K.DEMAND])
        reasons = [fact for fact in facts if fact.kind is not K.DEMAND]
        planned = [fact for fact in reasons if fact.kind is K.SITTINGS]
        said = [fact.message for fact in reasons if fact not in planned or len(planned) < MANY_PANELS]
        if len(planned) >= MANY_PANELS:
            said.append(self._fill(MANY_PANELS_TEXT, _added_up(planned)))
        zh, en = "；".join(message.zh for message in said), "; ".join(message.en for message in said)
        return Message(
            f"{head.zh}：{zh}。" if zh else f"{head.zh}。", f"{head.en}: {en}." if en else f"{head.en}."
        )

    def _who_clashes(self, demands: Sequence[Fact]) -> Message:
        if len(demands) == 1:
            return self._fill(text_of_demand(demands[0]), demands[0].numbers)
        zh, en = (
            "“{category}” {needed} 人（每人 {duration_min} 分钟）",
            "{needed} of {category} ({duration_min} min)",
        )
        named = [self._fill(Message(zh, en), fact.numbers) for fact in demands]
        return Message(
            "、".join(name.zh for name in named) + "不能同时排下",
            " and ".join(name.en for name in named) + " cannot all be placed",
        )

    def repair(self, kind: RepairKind, numbers: dict[str, Any]) -> Message:
        """Return the sentence for a repair."""
        return self._fill(REPAIR_TEXTS[kind], numbers)

    def _numbers(self, fact: Fact, alike_ids: Sequence[str]) -> dict[str, Any]:
        instance = self._instance
        if fact.candidate_ids:
            return self._about_candidate(fact, self._candidates[fact.candidate_ids[0]], alike_ids)
        own: dict[FactKind, Callable[[], dict[str, Any]]] = {
            K.SITTINGS: lambda: self._about_sittings(fact.subject),
            K.CATEGORY: lambda: {
                "category": fact.subject,
                "panel_ids": [p.id for p in instance.panels if p.hears(fact.subject)],
            },
            K.ABSENCE: lambda: {
                "expert_ids": [fact.subject],
                "intervals_min": [
                    [away.start_min, away.end_min] for away in self._experts[fact.subject].unavailable
                ],
            },
            K.ONE_PLACE: lambda: {"expert_ids": [fact.subject]},
            K.LIMIT: lambda: {"limit": instance.max_parallel_sittings},
            K.CLOSURES: lambda: {"intervals_min": [[c.start_min, c.end_min] for c in instance.closures]},
            K.PANEL_SIZE: lambda: {"min_panel_size": instance.min_panel_size},
        }
        return own[fact.kind]() if fact.kind in own else {}

    def _about_candidate(self, fact: Fact, first: Candidate, alike_ids: Sequence[str]) -> dict[str, Any]:
        numbers: dict[str, Any] = {"candidates": list(fact.candidate_ids)}
        if fact.kind is K.DEMAND:
            numbers = {
                "candidates": list(alike_ids),
                "category": fact.subject,
                "needed": len(fact.candidate_ids),
                "total": len(alike_ids),
                "duration_min": first.duration_min,
            }
        if fact.kind is K.BUFFER:
            numbers["buffer_min"] = first.buffer_min
        if fact.kind is K.RECUSAL:
            numbers["expert_ids"] = sorted(first.recused_expert_ids)
        if (
            fact.kind is K.UNAVAILABLE
            and len({self._candidates[id_].unavailable for id_ in fact.candidate_ids}) == 1
        ):
            numbers["intervals_min"] = [[away.start_min, away.end_min] for away in first.unavailable]
        if fact.kind is K.ATTENDEES:
            numbers["expert_ids"] = sorted(first.attendee_ids)
        if fact.kind is K.PIN and first.pin is not None:
            end_min = first.pin.start_min + first.duration_min
            numbers["panel_ids"] = [self._sittings[first.pin.sitting_id].panel_id]
            numbers |= {"sitting_id": first.pin.sitting_id, "intervals_min": [[first.pin.start_min, end_min]]}
        return numbers

    def _about_sittings(self, panel_id: str) -> dict[str, Any]:
        planned = [s for s in self._instance.sittings if s.panel_id == panel_id]
        planned.sort(key=lambda sitting: (sitting.start_min, sitting.id))
        return {
            "panel_ids": [panel_id],
            "sittings": len(planned),
            "minutes": sum(s.end_min - s.start_min for s in planned),
            "intervals_min": [[s.start_min, s.end_min] for s in planned],
        }

    def _fill(self, text: Message, numbers: dict[str, Any]) -> Message:
        return Message(
            text.zh.format(**self._shown(numbers, is_chinese=True)),
            text.en.format(**self._shown(numbers, is_chinese=False)),
        )

    def _shown(self, numbers: dict[str, Any], is_chinese: bool) -> dict[str, Any]:
        """Return the numbers as they are said: names for ids, dates for minutes, short lists."""
        shown = dict(numbers)
        comma = "、" if is_chinese else ", "

        def listed(names: Sequence[str]) -> str:
            rest = len(names) - SHOWN
            more = (f"等 {len(names)} 个" if is_chinese else f" and {rest} more") if rest > 0 else ""
            return (comma.join(names[:SHOWN]) + more) or ("无" if is_chinese else "none")

        def named(key: str, known: dict[str, Panel] | dict[str, Expert]) -> list[str]:
            holders = (known.get(id_) for id_ in numbers.get(key, []))
            return [
                (holder.name or holder.id) if holder else (SUBSTITUTE.zh if is_chinese else SUBSTITUTE.en)
                for holder in holders
            ]

        spans = [self._when(start, end, is_chinese) for start, end in numbers.get("intervals_min", [])]
        shown["when"], shown["who"] = listed(spans), listed(numbers.get("candidates", []))
        shown["candidate"] = shown["who"]
        shown["panel"] = listed(named("panel_ids", self._panels))
        shown["persons"] = shown["person"] = listed(named("expert_ids", self._experts))
        shown["substitute"] = listed(named("substitute_ids", self._experts))
        shown["category"] = shown_category(numbers.get("category", ""))
        return shown

    def _when(self, start_min: int, end_min: int, is_chinese: bool) -> str:
        first, last = self._day(start_min, is_chinese), self._day(end_min - 1, is_chinese)
        start, end = label_clock(self._instance, start_min), label_clock(self._instance, end_min)
        end = "24:00" if end == "00:00" else end
        return f"{first} {start}–{end}" if first == last else f"{first} {start} – {last} {end}"

    def _day(self, minute: int, is_chinese: bool) -> str:
        day = self._instance.day_of(minute)
        if minute >= EPOCH_FROM_MIN:
            is_east = (
                self._instance.midnight_min > 720
            )  # midnight in Beijing is 16:00 of the day before in UTC
            return (date(1970, 1, 1) + timedelta(days=day + is_east)).isoformat()
        return f"第 {day} 天" if is_chinese else f"day {day}"


def shown_category(category: str) -> str:
    """Return an opaque key such as ``engineering|civil|senior`` as people read it."""
    return category.replace("|", "·") or "—"


def _added_up(planned: Sequence[Fact]) -> dict[str, Any]:
    return {
        "panel_ids": [id_ for fact in planned for id_ in fact.numbers["panel_ids"]],
        "sittings": sum(fact.numbers["sittings"] for fact in planned),
        "minutes": sum(fact.numbers["minutes"] for fact in planned),
    }


def summarise(
    is_feasible: bool | None, candidates: int, placed: int, clashes: Sequence[Clash], is_complete: bool
) -> Message:
    """Return the explanation in a sentence; unknown and impossible never sound alike."""
    if is_feasible:
        return Message(f"{candidates} 人全部排得下。", f"All {candidates} candidates can be placed.")
    if is_feasible is None:
        return Message(
            f"时限内没有结论：{candidates} 人中已排下 {placed} 人，其余能否排下尚未证明。请延长时间再试。",
            f"Not known within the time: {placed} of {candidates} candidates are placed; whether the others "
            "can be is not proven. Try again with more time.",
        )
    rest = Message("", "")
    if not is_complete:
        rest = Message("可能还有其他冲突。", " There may be more clashes.")
    return Message(
        f"已证明：{candidates} 人不能全部排下（可排 {placed} 人），找到 {len(clashes)} 处冲突。{rest.zh}",
        f"Proven: not all {candidates} candidates can be placed ({placed} can). "
        f"Clashes found: {len(clashes)}.{rest.en}",
    )

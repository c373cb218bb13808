"""A schedule as a picture: panels down, days across, each candidate a cell in the category's colour."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from scheduler.drawing.labels import STATUS_LABELS, label_clock, label_term
from scheduler.drawing.picture_axis import TimeAxis
from scheduler.drawing.picture_palette import colour_categories, ink_on
from scheduler.drawing.svg import Drawing, shorten, text_width
from scheduler.instance import Candidate, SchedulingInstance, Sitting
from scheduler.result import Sense, SolveResult
from scheduler.schedule import Assignment, Message, Schedule

MARGIN_PX, LABEL_PX, HEAD_PX = 28.0, 168.0, 46.0
INK, FAINT, GRID, PAPER = "#1f2933", "#66727f", "#e3e8ee", "#f6f8fa"
PIN_INK, MOVED_INK, UNPLACED_INK = "#111111", "#d64545", "#b3261e"
LEGEND_LIMIT, UNPLACED_LIMIT = 24, 24
WEEKDAYS = Message("一二三四五六日", "Mon Tue Wed Thu Fri Sat Sun")


def draw_schedule(
    instance: SchedulingInstance,
    schedule: Schedule,
    result: SolveResult | None = None,
    lang: str = "zh",
    day_zero: datetime.date | None = None,
) -> str:
    """Return the schedule as SVG.

    Parameters
    ----------
    instance : SchedulingInstance
        What the schedule is for.
    schedule : Schedule
        Assignments that name only candidates and sittings of the instance.
    result : SolveResult, optional
        Where the terms and bounds of the subtitle come from; without it only counts are shown.
    lang : str
        ``zh`` or ``en``.
    day_zero : date, optional
        The date of day 0 as `SchedulingInstance.day_of` counts, to show dates instead of numbers of days.

    Notes
    -----
    Hatching is idle time between two defences beyond the buffer. A dark line under a cell is a pin, a red
    line above it a slot that differs from the published one.
    """
    return _Picture(instance, schedule, lang, day_zero).draw(result)


@dataclass(frozen=True)
class _Row:
    """One panel with its sittings and the slots in them, in order of time."""

    label: str
    sittings: tuple[Sitting, ...]
    slots: dict[str, list[Assignment]]


class _Picture:
    def __init__(
        self, instance: SchedulingInstance, schedule: Schedule, lang: str, day_zero: datetime.date | None
    ) -> None:
        self._instance, self._schedule = instance, schedule
        self._is_zh, self._day_zero = lang == "zh", day_zero
        self._people = {person.id: person for person in instance.candidates}
        self._colours = colour_categories(person.category for person in instance.candidates)
        self._axis = TimeAxis(instance, MARGIN_PX + LABEL_PX)
        self._width = max(self._axis.end_px, 900.0) + MARGIN_PX
        self._rows = _list_rows(instance, schedule)
        self._row_px = 46.0 if len(self._rows) <= 16 else 30.0 if len(self._rows) <= 40 else 22.0
        self._drawing = Drawing()

    def draw(self, result: SolveResult | None) -> str:
        y = self._draw_title(result)
        y = self._draw_legend(y)
        top = y + HEAD_PX
        self._draw_grid(y, top)
        for number, row in enumerate(self._rows):
            self._draw_row(row, top + number * self._row_px)
        bottom = top + len(self._rows) * self._row_px
        self._draw_totals(bottom)
        end = self._draw_unplaced(bottom + 34)
        title = self._say("答辩排期", "Defence schedule")
        return self._drawing.to_svg(self._width, end + MARGIN_PX, title)

    def _say(self, zh: str, en: str) -> str:
        return zh if self._is_zh else en

    def _pick(self, message: Message) -> str:
        return self._say(message.zh, message.en)

    def _draw_title(self, result: SolveResult | None) -> float:
        placed, total = len(self._schedule.assignments), len(self._instance.candidates)
        opened = len({slot.sitting_id for slot in self._schedule.assignments})
        title = self._say("答辩排期", "Defence schedule")
        self._drawing.text(MARGIN_PX, 50, title, 24, bold=True)
        summary = self._say(
            f"已安排 {placed}/{total} 人 · 开设 {opened}/{len(self._instance.sittings)} 场",
            f"{placed} of {total} placed · {opened} of {len(self._instance.sittings)} sittings opened",
        )
        if result is not None:
            summary += f" · {self._pick(STATUS_LABELS[result.status])}"
        self._drawing.text(MARGIN_PX + text_width(title, 24) + 18, 49, summary, 15, FAINT)
        return 62.0 if result is None else self._draw_terms(result)

    def _draw_terms(self, result: SolveResult) -> float:
        chips = []
        for term in result.objective:
            sign = "≤" if term.sense is Sense.MAXIMISE else "≥"
            bound = "✓" if term.proven else f"({sign} {term.best_bound})"
            chips.append(f"{self._pick(label_term(term.name))} {term.value} {bound}")
        return self._flow(80, [(chip, "", INK) for chip in chips], 13)

    def _draw_legend(self, y: float) -> float:
        present = sorted({person.category for person in self._instance.candidates})
        entries = [
            (category or self._say("（无类别）", "(no category)"), self._colours[category], INK)
            for category in present[:LEGEND_LIMIT]
        ]
        if len(present) > LEGEND_LIMIT:
            rest = len(present) - LEGEND_LIMIT
            entries.append((self._say(f"另有 {rest} 类", f"and {rest} more"), "", FAINT))
        entries += [
            (self._say("空档", "idle"), "url(#idle)", INK),
            (self._say("未开设的场次", "sitting not opened"), PAPER, INK),
        ]
        if any(person.pin for person in self._people.values()):
            entries.append((self._say("下沿黑线：锁定", "black line below: pinned"), PIN_INK, INK))
        if any(self._is_moved(slot) for slot in self._schedule.assignments):
            entries.append((self._say("上沿红线：较公布有改动", "red line above: moved"), MOVED_INK, INK))
        return self._flow(y + 24, entries, 12.5)

    def _flow(self, y: float, entries: list[tuple[str, str, str]], size: float) -> float:
        """Set entries of (words, swatch, ink) in lines; returns the baseline of the last line."""
        x = MARGIN_PX
        for words, swatch, ink in entries:
            room = text_width(words, size) + (40 if swatch else 26)
            if x > MARGIN_PX and x + room > self._width - MARGIN_PX:
                x, y = MARGIN_PX, y + size + 10
            if swatch:
                self._drawing.rect(x, y - 10, 13, 12, swatch, radius=2, stroke="#b8c2cc")
            self._drawing.text(x + (19 if swatch else 0), y, words, size, ink)
            x += room
        return y

    def _draw_grid(self, y: float, top: float) -> None:
        bottom = top + len(self._rows) * self._row_px
        for number, (day, start_px, end_px) in enumerate(self._axis.days()):
            self._drawing.rect(start_px - 4, y + 14, end_px - start_px + 8, bottom - y - 14 + 30, "#ffffff")
            if number % 2:
                self._drawing.rect(start_px - 4, y + 14, end_px - start_px + 8, bottom - y + 16, PAPER)
            words = shorten(self._day_label(day), 13.5, end_px - start_px + 12)
            self._drawing.text((start_px + end_px) / 2, y + 27, words, 13.5, anchor="middle", bold=True)
        free_px = 0.0
        for segment in self._axis.segments:
            step_min = next(s for s in (60, 120, 180, 240, 480, 1440) if s * self._axis.px_per_min >= 34)
            first_min = -(-(segment.start_min - self._instance.midnight_min) // step_min) * step_min
            first_min += self._instance.midnight_min
            ticks = {segment.start_min, *range(first_min, segment.end_min, step_min)}
            for minute in sorted(ticks):
                x = self._axis.x_px(minute)
                self._drawing.line(x, top, x, bottom, GRID)
                if x >= free_px and (minute == segment.start_min or x - segment.x_px >= 34):
                    self._drawing.text(x, top - 5, label_clock(self._instance, minute), 10, FAINT)
                    free_px = x + 32
        self._drawing.line(MARGIN_PX, bottom, self._axis.end_px, bottom, GRID)

    def _day_label(self, day: int) -> str:
        if self._day_zero is None:
            return self._say(f"第 {day} 天", f"day {day}")
        date = self._day_zero + datetime.timedelta(days=day)
        weekday = WEEKDAYS.en.split()[date.weekday()]
        return self._say(
            f"{date.month}月{date.day}日 周{WEEKDAYS.zh[date.weekday()]}", f"{weekday} {date.isoformat()}"
        )

    def _draw_row(self, row: _Row, y: float) -> None:
        heard = sum(map(len, row.slots.values()))
        size = 13.0 if self._row_px > 24 else 11.0
        self._drawing.line(MARGIN_PX, y, self._axis.end_px, y, GRID)
        counts = self._say(f"{len(row.slots)} 场 {heard} 人", f"{len(row.slots)} / {heard}") if heard else "–"
        if self._row_px > 40:
            self._drawing.text(MARGIN_PX, y + 20, shorten(row.label, size, LABEL_PX - 14), size, bold=True)
            self._drawing.text(MARGIN_PX, y + 36, counts, 11, FAINT)
        else:
            middle = y + self._row_px / 2 + 4
            words = shorten(row.label, size, LABEL_PX - 22 - text_width(counts, 10))
            self._drawing.text(MARGIN_PX, middle, words, size, bold=True)
            self._drawing.text(MARGIN_PX + LABEL_PX - 12, middle, counts, 10, FAINT, anchor="end")
        for sitting in sorted(row.sittings, key=lambda sitting: sitting.id in row.slots):
            self._draw_sitting(sitting, row.slots.get(sitting.id, []), y + 3, self._row_px - 6)

    def _draw_sitting(self, sitting: Sitting, slots: list[Assignment], y: float, height: float) -> None:
        x = self._axis.x_px(sitting.start_min)
        width = self._axis.end_x_px(sitting.end_min) - x
        clock = [label_clock(self._instance, minute) for minute in (sitting.start_min, sitting.end_min)]
        title = f"{sitting.id} {clock[0]}–{clock[1]} · {len(slots)}"
        if not slots:
            self._drawing.rect(
                x, y + 3, width, height - 6, PAPER, title, radius=3, stroke="#c5ced8", dashed=True
            )
            return
        self._drawing.rect(x, y, width, height, "#ffffff", title, radius=3, stroke="#8594a3")
        has_caption = height > 34
        for before, after in pairwise(slots):
            self._draw_idle(before, after, y + 2, height - (16 if has_caption else 4))
        for slot in slots:
            self._draw_cell(slot, y + 2, height - (16 if has_caption else 4))
        if has_caption and width > 40:
            last = label_clock(self._instance, slots[-1].end_min)
            first = label_clock(self._instance, slots[0].start_min)
            caption = self._say(f"{len(slots)} 人 {first}–{last}", f"{len(slots)}: {first}–{last}")
            self._drawing.text(x + 4, y + height - 3.5, shorten(caption, 10, width - 6), 10, FAINT)

    def _draw_idle(self, before: Assignment, after: Assignment, y: float, height: float) -> None:
        start_min = before.end_min + self._people[before.candidate_id].buffer_min
        if after.start_min > start_min:
            x = self._axis.x_px(start_min)
            minutes = after.start_min - start_min
            title = self._say(f"空档 {minutes} 分钟", f"idle for {minutes} min")
            self._drawing.rect(x, y, self._axis.end_x_px(after.start_min) - x, height, "url(#idle)", title)

    def _draw_cell(self, slot: Assignment, y: float, height: float) -> None:
        person = self._people[slot.candidate_id]
        x, fill = self._axis.x_px(slot.start_min), self._colours[person.category]
        width = self._axis.end_x_px(slot.end_min) - x
        times = "–".join(label_clock(self._instance, minute) for minute in (slot.start_min, slot.end_min))
        title = " · ".join(filter(None, (person.id, person.category, person.region, times)))
        edge = "#ffffff" if width >= 8 else ""  # tells neighbours without a buffer apart
        self._drawing.rect(x, y, width, height, fill, title, stroke=edge)
        if person.pin is not None:
            self._drawing.rect(x, y + height - 3, width, 3, PIN_INK)
        if self._is_moved(slot):
            self._drawing.rect(x, y, width, 3, MOVED_INK)
        if width >= 30:
            words = shorten(person.id, 10, width - 4)
            self._drawing.text(x + width / 2, y + height / 2 + 4, words, 10, ink_on(fill), anchor="middle")

    def _is_moved(self, slot: Assignment) -> bool:
        told = self._people[slot.candidate_id].published
        return told is not None and (told.sitting_id, told.start_min) != (slot.sitting_id, slot.start_min)

    def _draw_totals(self, y: float) -> None:
        """Write below each window how many sittings and people it has."""
        sittings = {sitting.id: sitting for sitting in self._instance.sittings}
        starts = [segment.start_min for segment in self._axis.segments]
        self._drawing.text(MARGIN_PX, y + 20, self._say("合计", "sittings / people"), 12, FAINT, bold=True)
        for number, segment in enumerate(self._axis.segments):
            end_min = starts[number + 1] if number + 1 < len(starts) else None
            there = [
                slot
                for slot in self._schedule.assignments
                if slot.start_min >= segment.start_min and (end_min is None or slot.start_min < end_min)
            ]
            width = (segment.end_min - segment.start_min) * self._axis.px_per_min
            opened = len({sittings[slot.sitting_id].id for slot in there})
            words = self._say(f"{opened} 场 {len(there)} 人", f"{opened} / {len(there)}")
            if there:
                middle = segment.x_px + width / 2
                self._drawing.text(middle, y + 20, shorten(words, 11, width), 11, FAINT, anchor="middle")

    def _draw_unplaced(self, y: float) -> float:
        """List who has no slot; returns where the picture ends."""
        assigned = {slot.candidate_id for slot in self._schedule.assignments}
        missing: list[Candidate] = [p for p in self._instance.candidates if p.id not in assigned]
        if not missing:
            return y
        words = self._say(f"未安排 {len(missing)} 人：", f"{len(missing)} without a slot:")
        entries = [(words, "", UNPLACED_INK)]
        entries += [(p.id, self._colours[p.category], INK) for p in missing[:UNPLACED_LIMIT]]
        if len(missing) > UNPLACED_LIMIT:
            entries.append(("…", "", INK))
        return self._flow(y + 20, entries, 12.5)


def _list_rows(instance: SchedulingInstance, schedule: Schedule) -> list[_Row]:
    """Return the panels that could sit at all, in order of the instance."""
    slots: dict[str, list[Assignment]] = defaultdict(list)
    for slot in sorted(schedule.assignments, key=lambda slot: (slot.start_min, slot.candidate_id)):
        slots[slot.sitting_id].append(slot)
    sittings: dict[str, list[Sitting]] = defaultdict(list)
    for sitting in instance.sittings:
        sittings[sitting.panel_id].append(sitting)
    return [
        _Row(
            panel.name or panel.id,
            tuple(sittings[panel.id]),
            {sitting.id: slots[sitting.id] for sitting in sittings[panel.id] if sitting.id in slots},
        )
        for panel in instance.panels
        if panel.id in sittings
    ]

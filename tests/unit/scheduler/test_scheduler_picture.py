"""The picture: everybody in the right place, in every language, and a PNG that shows what the SVG says."""

import datetime
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from scheduling_builders import candidate, instance, panel, sitting

import scheduler
from scheduler.drawing.labels import TERM_LABELS, label_phase, label_term
from scheduler.drawing.picture import draw_schedule
from scheduler.drawing.picture_axis import TimeAxis
from scheduler.drawing.picture_palette import colour_categories, ink_on
from scheduler.drawing.picture_png import render_png
from scheduler.errors import InstanceError
from scheduler.instance import SchedulingInstance, Slot
from scheduler.objective import TermName
from scheduler.result import ObjectiveTerm, Sense, SolveParameters, SolveResult, SolveStatus
from scheduler.schedule import Assignment, Schedule

SVG = "{http://www.w3.org/2000/svg}"


def two_days() -> SchedulingInstance:
    people = [
        candidate("c0", category="x|a", pin=Slot("s0", 600)),
        candidate("c1", category="x|b", published=Slot("s0", 700)),
        candidate("c2", category="y|a", published=Slot("s0", 660)),
        candidate("c3", category="y|a"),
    ]
    panels = [panel("p0"), panel("p1 <&>", experts=(), accepts=())]
    sittings = [
        sitting("s0", "p0", 600, 720),
        sitting("s1", "p0", 900, 960),
        sitting("s2", "p1 <&>", 2040, 2100),
    ]
    return instance(people, panels, sittings)


SCHEDULE = Schedule(
    (Assignment("c0", "s0", 600, 615), Assignment("c1", "s0", 620, 635), Assignment("c2", "s0", 660, 675))
)


def rects(svg: str) -> dict[str, ElementTree.Element]:
    """Return the rectangles that have a title, by its text."""
    found = {}
    for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect"):
        title = rect.find(f"{SVG}title")
        if title is not None:
            found[str(title.text)] = rect
    return found


def span(rect: ElementTree.Element) -> tuple[float, float]:
    x = float(rect.attrib["x"])
    return x, x + float(rect.attrib["width"])


def texts(svg: str) -> list[str]:
    return [str(text.text) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_cells_lie_in_their_sitting_in_order_of_time() -> None:
    drawn = rects(draw_schedule(two_days(), SCHEDULE))
    outer = span(drawn["s0 10:00–12:00 · 3"])
    cells = [span(rect) for title, rect in drawn.items() if title.startswith("c")]
    assert cells == sorted(cells)
    assert len(cells) == 3
    assert outer[0] == cells[0][0]
    assert all(outer[0] <= start < end <= outer[1] for start, end in cells)
    per_min = (outer[1] - outer[0]) / 120
    assert cells[1][0] - cells[0][0] == pytest.approx(20 * per_min, abs=0.05)
    assert cells[0][1] - cells[0][0] == pytest.approx(15 * per_min, abs=0.05)


def test_idle_time_is_hatched_beyond_the_buffer() -> None:
    idle = {
        title: rect for title, rect in rects(draw_schedule(two_days(), SCHEDULE)).items() if "空档" in title
    }
    assert list(idle) == ["空档 20 分钟"]  # 635 + 5 to 660; the pause from 615 to 620 is the buffer
    assert idle["空档 20 分钟"].attrib["fill"] == "url(#idle)"


def test_pins_and_moves_are_marked() -> None:
    svg = draw_schedule(two_days(), SCHEDULE)
    assert svg.count('fill="#111111"') == 2  # c0 and the legend
    assert svg.count('fill="#d64545"') == 3  # c1, the legend and the hatching; c2 stayed where it was


def test_who_is_missing_is_named_and_counted() -> None:
    words = texts(draw_schedule(two_days(), SCHEDULE))
    assert "已安排 3/4 人 · 开设 1/3 场" in words
    assert words[-2:] == ["未安排 1 人：", "c3"]
    assert "3 of 4 placed · 1 of 3 sittings opened" in texts(draw_schedule(two_days(), SCHEDULE, lang="en"))


def test_terms_and_status_come_from_the_result() -> None:
    terms = (
        ObjectiveTerm("placed_priority_0", Sense.MAXIMISE, 3, 4),
        ObjectiveTerm("2*idle+switches", Sense.MINIMISE, 42, 42),
    )
    result = SolveResult(SCHEDULE, SolveStatus.FEASIBLE, terms, 1.0, "", 1, SolveParameters())
    words = texts(draw_schedule(two_days(), SCHEDULE, result, "en"))
    assert words[1].endswith("feasible, not every term proven")
    assert words[2:4] == ["placed 3 (≤ 4)", "2×idle minutes + category switches 42 ✓"]


def test_days_are_numbers_or_dates() -> None:
    svg = draw_schedule(two_days(), SCHEDULE)
    assert {"第 0 天", "第 1 天"} <= set(texts(svg))
    svg = draw_schedule(two_days(), SCHEDULE, lang="zh", day_zero=datetime.date(2026, 5, 10))
    assert {"5月10日 周日", "5月11日 周一"} <= set(texts(svg))
    svg = draw_schedule(two_days(), SCHEDULE, lang="en", day_zero=datetime.date(2026, 5, 10))
    assert {"Sun 2026-05-10", "Mon 2026-05-11"} <= set(texts(svg))


def test_english_picture_has_no_chinese_of_its_own() -> None:
    assert not re.search("[\u4e00-\u9fff]", draw_schedule(two_days(), SCHEDULE, lang="en"))


def test_hostile_names_stay_text() -> None:
    people = [candidate("<script>&\x00\ud800")]
    rooms = [panel('"><b>\x1b[0m')]
    problem = instance(people, rooms, [sitting("s0", rooms[0].id, 0, 30)])
    svg = draw_schedule(problem, Schedule((Assignment(people[0].id, "s0", 0, 15),)))
    ElementTree.fromstring(svg)
    svg.encode()
    assert "<script" not in svg
    assert "<b>" not in svg


def test_nothing_to_draw_is_still_a_picture() -> None:
    ElementTree.fromstring(draw_schedule(instance([], [], []), Schedule(())))


def test_the_axis_folds_nights_and_keeps_order() -> None:
    problem = instance(
        [],
        [panel()],
        [sitting("a", end=60), sitting("b", start=60, end=90), sitting("n", start=1400, end=1500)],
    )
    axis = TimeAxis(problem, 100)
    assert [(s.day, s.start_min, s.end_min) for s in axis.segments] == [
        (0, 0, 90),
        (0, 1400, 1440),
        (1, 1440, 1500),
    ]
    places = [axis.x_px(minute) for minute in range(1500)]
    assert places == sorted(places)
    assert places[0] == 100
    assert axis.x_px(700) == axis.x_px(90) == pytest.approx(100 + 90 * axis.px_per_min)
    assert [day for day, _, _ in axis.days()] == [0, 1]


def test_colours_tell_groups_and_members_apart() -> None:
    names = [f"{series}|{level}" for series in "abcdefghij" for level in ("1", "2", "3", "4")]
    colours = colour_categories(names)
    assert len({colours[name] for name in names}) == 40
    assert ink_on("#ffffff") != ink_on("#000000")


def test_every_term_has_a_label() -> None:
    assert set(TERM_LABELS) == set(TermName)
    assert label_term("placed_priority_2").en == "placed (priority 2)"
    assert label_phase("idle+10*switches").zh == "空档分钟 + 10×类别切换"
    assert label_phase("whatever").zh == "whatever"


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_png_has_the_size_of_the_picture_times_zoom() -> None:
    svg = draw_schedule(two_days(), SCHEDULE)
    root = ElementTree.fromstring(svg)
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    assert size_of(render_png(svg)) == (width, height)
    assert size_of(render_png(svg, 2)) == (2 * width, 2 * height)


def test_a_png_too_large_to_draw_is_refused() -> None:
    svg = draw_schedule(two_days(), SCHEDULE).replace('height="', 'height="9', 1)
    with pytest.raises(InstanceError, match="million pixels"):
        render_png(svg, 4)


RENDER = "from scheduler.drawing.picture_png import render_png; print(len(render_png(input())) > 0)"


def run_render(svg: str, code: str = RENDER, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        input=svg.replace("\n", " "),
        env=os.environ | environment,
        cwd=Path(scheduler.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )


def test_png_without_a_chinese_font_is_refused(tmp_path: Path) -> None:
    """A machine without fonts: fontconfig is told that they lie in an empty folder."""
    config = tmp_path / "fonts.conf"
    config.write_text(f"<?xml version='1.0'?><fontconfig><dir>{tmp_path}</dir></fontconfig>")
    svg = draw_schedule(two_days(), SCHEDULE)
    assert run_render(svg).stdout == "True\n"
    refused = run_render(svg, FONTCONFIG_FILE=str(config))
    assert "InstanceError: PNG needs a Chinese font" in refused.stderr
    english = draw_schedule(two_days(), SCHEDULE, lang="en")
    assert run_render(english, FONTCONFIG_FILE=str(config)).stdout == "True\n"


def test_png_without_the_library_is_refused() -> None:
    code = f"import sys; sys.modules['resvg_py'] = None; {RENDER}"
    refused = run_render(draw_schedule(two_days(), SCHEDULE), code)
    assert "InstanceError: PNG needs the Python package resvg-py" in refused.stderr

"""Folding, against the library's own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Event
from icalendar.parser.string import _foldline

from defense.integrations.content_lines import fold, octets_of

LETTERS = st.sampled_from([*'ab;,:="\\^ ', "中", "يې", "ئۇ", "é", "𠮷", "·"])


@settings(max_examples=500, deadline=None)
@given(st.lists(LETTERS, max_size=240).map("".join))
def test_lines_are_folded_where_the_library_folds_them(line: str) -> None:
    folded = fold(line.encode())
    assert folded == _foldline(line).encode()
    assert folded.replace(b"\r\n ", b"") == line.encode()
    assert all(len(part) <= 75 and part.decode() is not None for part in folded.split(b"\r\n"))


def test_a_component_has_the_same_octets() -> None:
    event = Event()
    event.add("summary", "职称评审视频答辩" * 20)
    event.add("description", "第一行\n第二行，含逗号, 分号; 和反斜杠\\" * 30)
    assert octets_of(event) == event.to_ical()

"""The invites bench: what it counts as read right, and that a wrong message is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.invites import parsers
from bench.invites.workshop import Bench
from tests.parsers.letters import letters_to


def test_the_figures_are_of_every_witness(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(parsers, "QUICK_NAMES", 20)
    figures = parsers.measure_reading(Bench(tmp_path, is_quick=True))
    read = [figure for figure in figures if figure.metric.startswith("read right")]
    assert len(read) == 7 + 7 + 6 + 1
    assert [(figure.value, figure.met) for figure in read] == [(100, True)] * len(read)
    assert [figure.value for figure in figures if figure.metric == "messages"] == [40, 20, 20]


def test_one_message_that_is_misread_misses_the_target() -> None:
    samples = list(letters_to(["王建国", "买买提·艾力"]))
    wrong = replace(samples[1], expected=replace(samples[1].expected, start_ms=0))
    figures = parsers._of_written("REQUEST, CANCEL", 2, iter([samples[0], wrong, *samples[2:]]))
    met = {figure.metric: figure.met for figure in figures if figure.target}
    assert met.pop("read right: MIME check, %") is True
    assert set(met.values()) == {False}

"""The table and the JSON of a bench."""

from pathlib import Path

import pytest

from bench.figures import Figure, Target, of_runs, read_figures, to_markdown, to_table, write_figures
from bench.report import fill
from bench.scheduler.rounds import fit_exponent


@pytest.mark.parametrize(
    ("target", "values", "met"),
    [
        (Target("≤", 3, "s"), [1.0, 3.0], True),
        (Target("≤", 3, "s"), [1.0, 3.1], False),
        (Target("<", 2, "GB"), [2.0], False),
        (Target("≥", 99.9, "%"), [99.9], True),
        (Target("=", 30), [29], False),
        (Target("≤", 3, "s"), [], False),
    ],
)
def test_a_target_is_met_by_the_worst_run(target: Target, values: list[float], met: bool) -> None:
    assert target.is_met(values) is met


def test_runs_give_median_and_spread() -> None:
    figure = of_runs("solve", "s", [0.5, 0.2, 0.4], Target("≤", 1, "s"))
    assert figure == Figure("solve", "s", 0.4, (0.2, 0.5), "≤ 1 s", True)


def test_a_run_without_a_value_misses_the_target() -> None:
    figure = of_runs("solve", "s", [0.1, None], Target("≤", 1, "s"))
    assert (figure.value, figure.met) == ("not reached in 1 of 2 runs", False)
    assert of_runs("solve", "s", [None]).value == "not reached"


def test_figures_come_back_from_their_file(tmp_path: Path) -> None:
    figures = [of_runs("solve", "s", [1.0, 2.0]), Figure("machine", "cores", 2)]
    path = tmp_path / "out" / "scheduler.json"
    write_figures(path, figures)
    assert read_figures(path) == figures


def test_tables_say_plainly_what_was_missed() -> None:
    figures = [of_runs("solve", "s", [12_345.6], Target("≤", 1, "s")), Figure("a|b", "m", "text")]
    assert "MISSED" in to_table(figures)
    assert to_markdown(figures).splitlines()[2:] == [
        "| solve | s | 12,346 |  | ≤ 1 s | MISSED |",
        "| a/b | m | text |  |  |  |",
    ]


def test_a_document_gets_the_table_between_its_marks() -> None:
    text = "before\n<!-- figures: x -->\nold\n<!-- end: x -->\nafter\n"
    assert fill(text, "x", "| new |") == (
        "before\n<!-- figures: x -->\n\n| new |\n\n<!-- end: x -->\nafter\n"
    )
    with pytest.raises(ValueError, match="figures: y"):
        fill(text, "y", "")


def test_the_exponent_of_growth_is_the_slope_of_the_logarithms() -> None:
    assert fit_exponent([(n, 0.001 * n**1.2) for n in (1_000, 10_000, 100_000)]) == pytest.approx(1.2)

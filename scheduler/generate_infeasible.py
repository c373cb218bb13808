"""Thirty kinds of rounds in which not everybody can be placed, for tests and benchmarks of `explain`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scheduler.generate import HALF_DAYS_MIN, generate_instance
from scheduler.instance import DAY_MIN, Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting, Slot

MORNING, AFTERNOON = HALF_DAYS_MIN
"""Four hours each: twelve places for defences of 15 minutes with 5 between them."""

X, Y, Z, W = "journalism|senior", "archives|senior", "translation|senior", "libraries|senior"
"""None of them a category of `scheduler.generate`, whose rounds some of the clashes are hidden in."""

FIVE = ("m0", "m1", "m2", "m3", "m4")
OTHERS = ("n0", "n1", "n2", "n3", "n4")
FOREVER = (Interval(-DAY_MIN, 30 * DAY_MIN),)


def infeasible_kinds(seed: int = 1) -> dict[str, SchedulingInstance]:
    """Return the instances by the name of their kind.

    Parameters
    ----------
    seed : int
        For the feasible rounds in which the last kinds are hidden.
    """
    kinds = [*_lack_of_time(), *_panels_too_small(), *_experts_and_limits(), *_pins(), *_attendees()]
    return dict([*kinds, *_hidden(seed)])


Kinds = Iterator[tuple[str, SchedulingInstance]]


def _lack_of_time() -> Kinds:
    yield "more candidates than places", _round(_people(14))
    yield "pauses leave no place for the fourth", _round(_people(4), sittings=[_sitting("s0", length=70)])
    yield "long and short defences", _round([*_people(9), *_people(5, "l", duration_min=25)])
    yield "longer than any half-day", _round(_people(1, duration_min=250))
    yield "no panel hears the category", _round(_people(1, category=Z))
    yield "no half-day planned", _round(_people(1), sittings=[_sitting("t0", "q")])
    yield "candidate away all the time", _round(_people(1, unavailable=FOREVER))
    week = [_sitting(f"s{day}", day=day) for day in range(4)]
    away = (Interval(0, 2 * DAY_MIN), Interval(3 * DAY_MIN, 4 * DAY_MIN))
    yield "free on the same day only", _round(_people(14, unavailable=away), sittings=week)
    closures = (Interval(DAY_MIN, 4 * DAY_MIN),)
    yield "closures leave one day", _round(_people(14), sittings=week, closures=closures)
    start_min = MORNING[0]
    first = _person("c0", unavailable=_only(start_min, start_min + 30))
    second = _person("c1", unavailable=_only(start_min + 10, start_min + 25))
    yield "enough minutes but no order", _round([first, second])
    tight = [_sitting("s0", length=60), _sitting("s1", start=MORNING[0] + 30, length=60)]
    yield "half-days of one panel overlap", _round(_people(5), sittings=tight)


def _panels_too_small() -> Kinds:
    four, away = {"p": FIVE[:4]}, {"m3": FOREVER}
    recused, two = frozenset({"m0"}), frozenset({"m0", "m1"})
    yield "recusal leaves too few", _round(_people(1, recused_expert_ids=two), members=four)
    yield "expert away", _round(_people(1), members={"p": FIVE[:3]}, absences={"m2": FOREVER})
    both = _people(1, recused_expert_ids=recused)
    yield "recusal and absence", _round(both, members=four, absences=away)
    yield "recusal makes the panel even", _round(both, require_odd=True)
    yield "absence makes the panel even", _round(_people(1), absences={"m4": FOREVER}, require_odd=True)
    yield "panel always even", _round(_people(1), members=four, require_odd=True)


def _experts_and_limits() -> Kinds:
    two = [*_people(1), *_people(1, "d", category=Y)]
    together = [_sitting("s0"), _sitting("t0", "q")]
    sharing = {"q": ("m4", *OTHERS[:2])}
    yield "two panels share an expert", _round(two, sittings=together, members=sharing)
    yield "limit of simultaneous sittings", _round(two, sittings=together, max_parallel_sittings=1)
    more = [*two, *_people(1, "x", category=Z), *_people(1, "y", category=W)]
    panels = (
        Panel("r", "第5答辩组", ("r0", "r1", "r2"), frozenset({Z})),
        Panel("u", "第6答辩组", ("u0", "u1", "u2"), frozenset({W})),
    )
    late = AFTERNOON[0]
    half_days = [*together, _sitting("s1", start=late), _sitting("t1", "q", start=late)]
    half_days += [_sitting("r0", "r"), _sitting("u0", "u")]
    yield (
        "limit and shared expert",
        _round(more, half_days, members=sharing, panels=panels, max_parallel_sittings=2),
    )


def _pins() -> Kinds:
    start_min = MORNING[0]

    def pinned(id_: str, minute: int, sitting_id: str = "s0", **fields: Any) -> Candidate:
        return _person(id_, pin=Slot(sitting_id, start_min + minute), **fields)

    yield "pinned slots overlap", _round([pinned("c0", 0), pinned("c1", 10)])
    yield "pinned slots without the pause", _round([pinned("c0", 0), pinned("c1", 15)])
    two_days = [_sitting("s0"), _sitting("s1", day=1), _sitting("t0", "q")]
    yield "pinned while away", _round([pinned("c0", 0, unavailable=(Interval(0, DAY_MIN),))], two_days)
    yield (
        "pinned in panels that share an expert",
        _round(
            [pinned("c0", 0), pinned("d0", 0, "t0", category=Y)],
            sittings=[_sitting("s0"), _sitting("s1", day=1), _sitting("t0", "q"), _sitting("t1", "q", day=1)],
            members={"q": ("m4", *OTHERS[:2])},
        ),
    )


def _attendees() -> Kinds:
    helped: dict[str, Any] = {"attendee_ids": frozenset({"interpreter"})}
    people = [*_people(1, **helped), *_people(1, "d", category=Y, **helped)]
    short = [_sitting("s0", length=20), _sitting("t0", "q", length=20)]
    yield "attendee away", _round(_people(1, **helped), absences={"interpreter": FOREVER})
    yield "attendee needed twice at once", _round(people, sittings=short)
    member = [*_people(1, attendee_ids=frozenset({"n0"})), *_people(1, "d", category=Y)]
    yield "attendee sits on another panel", _round(member, sittings=[_sitting("s0"), _sitting("t0", "q")])
    middle_min = sum(MORNING) // 2
    early = _people(1, unavailable=(Interval(middle_min, DAY_MIN),), **helped)
    absences = {"interpreter": (Interval(0, middle_min),)}
    yield "candidate and attendee never free together", _round(early, absences=absences)


def _hidden(seed: int) -> Kinds:
    """Hide a clash among candidates who can all be placed: panels of its own, or an interpreter too rare."""
    clash = dict(_lack_of_time())["more candidates than places"]
    yield "more candidates than places, among 200 others", _join(generate_instance(200, seed), clash)
    start_min = MORNING[0]
    interpreter = Expert("interpreter", unavailable=_only(start_min, start_min + 25))
    round_ = generate_instance(1000, seed)
    helped = _people(
        2, "hidden", category=round_.candidates[0].category, attendee_ids=frozenset({"interpreter"})
    )
    yield (
        "interpreter free for one defence only, among 1000 others",
        replace(round_, experts=(*round_.experts, interpreter), candidates=(*round_.candidates, *helped)),
    )


def _join(round_: SchedulingInstance, clash: SchedulingInstance) -> SchedulingInstance:
    """Return one round of both; they share no ids and no categories."""
    return replace(
        round_,
        experts=round_.experts + clash.experts,
        panels=round_.panels + clash.panels,
        sittings=round_.sittings + clash.sittings,
        candidates=round_.candidates + clash.candidates,
        max_parallel_sittings=None,
    )


def _person(id_: str, **fields: Any) -> Candidate:
    defaults: dict[str, Any] = {"category": X, "duration_min": 15, "buffer_min": 5}
    return Candidate(id_, **(defaults | fields))


def _people(count: int, prefix: str = "c", **fields: Any) -> list[Candidate]:
    return [_person(f"{prefix}{number}", **fields) for number in range(count)]


def _sitting(
    id_: str, panel_id: str = "p", day: int = 0, start: int = MORNING[0], length: int = 240
) -> Sitting:
    start_min = day * DAY_MIN + start
    return Sitting(id_, panel_id, start_min, start_min + length)


def _only(start_min: int, end_min: int) -> tuple[Interval, ...]:
    return Interval(0, start_min), Interval(end_min, 30 * DAY_MIN)


def _round(
    people: Sequence[Candidate],
    sittings: Sequence[Sitting] | None = None,
    members: Mapping[str, tuple[str, ...]] | None = None,
    absences: Mapping[str, tuple[Interval, ...]] | None = None,
    panels: tuple[Panel, ...] = (),
    **rules: Any,
) -> SchedulingInstance:
    """Return a round of two panels, 第3答辩组 for `X` and 第4答辩组 for `Y`, and those given besides."""
    seats = {"p": FIVE, "q": OTHERS, **(members or {})}
    panels = (
        Panel("p", "第3答辩组", seats["p"], frozenset({X})),
        Panel("q", "第4答辩组", seats["q"], frozenset({Y})),
        *panels,
    )
    named = {"interpreter", *FIVE, *OTHERS}.union(*(panel.expert_ids for panel in panels))
    return SchedulingInstance(
        experts=tuple(Expert(id_, unavailable=(absences or {}).get(id_, ())) for id_ in sorted(named)),
        panels=panels,
        sittings=tuple([_sitting("s0"), _sitting("t0", "q")] if sittings is None else sittings),
        candidates=tuple(people),
        **rules,
    )

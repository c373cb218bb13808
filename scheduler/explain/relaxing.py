"""Instances in which only some facts of a round hold.

A fact that is left out may hold or not. Where leaving it out can only help, one instance says so: no limit,
a panel with all the time it needs. An absence is the exception, as one member more can make the panel even
or take that member from another panel; then there is an instance for either case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, product

from scheduler.eligibility import overlaps
from scheduler.explain.explanation import Fact, FactKind
from scheduler.explain.facts import Held, relax_candidate
from scheduler.instance import DAY_MIN, Candidate, Expert, Panel, SchedulingInstance, Sitting

MOST_READINGS = 64
"""Instances tried for one set of facts; beyond it nothing is claimed."""

K = FactKind


def readings(
    instance: SchedulingInstance, facts: Sequence[Fact], most: int = MOST_READINGS
) -> list[SchedulingInstance]:
    """Return the instances in which `facts` hold; everything else may hold or not.

    The facts clash when in none of these instances everybody can be placed. Nothing is returned when there
    would be more than `most` of them.
    """
    held = Held.of(facts)
    people = [
        relax_candidate(candidate, held) for candidate in instance.candidates if candidate.id in held.demanded
    ]
    panels = _panels(instance, people, held)
    doubtful = _doubtful(instance, panels, held)
    if 2 ** len(doubtful) > most:
        return []
    built = []
    for choice in islice(product((True, False), repeat=len(doubtful)), most):
        present = {person for person, is_there in zip(doubtful, choice, strict=True) if is_there}
        present |= {e.id for e in instance.experts} - set(held.subjects[K.ABSENCE]) - set(doubtful)
        built.append(_build(instance, people, panels, held, present))
    return built


def _panels(instance: SchedulingInstance, people: Sequence[Candidate], held: Held) -> list[Panel]:
    """Return the panels that may hear someone, or in whose sittings someone is pinned."""
    categories = {candidate.category for candidate in people}
    freed = categories - held.subjects[K.CATEGORY]
    panel_of = {sitting.id: sitting.panel_id for sitting in instance.sittings}
    pinned = {panel_of[candidate.pin.sitting_id] for candidate in people if candidate.pin}
    return [
        panel if panel.accepts is None else replace(panel, accepts=panel.accepts | freed)
        for panel in instance.panels
        if freed or panel.id in pinned or any(panel.hears(category) for category in categories)
    ]


def _doubtful(instance: SchedulingInstance, panels: Sequence[Panel], held: Held) -> list[str]:
    """Return whose absence is left out although their presence may do harm."""
    shared = held.subjects[K.ONE_PLACE]
    at_risk = {
        person
        for panel in panels
        for person in panel.expert_ids
        if K.ODD in held.kinds or (person in shared and panel.id in held.subjects[K.SITTINGS])
    }
    ids = {panel.id for panel in panels}
    windows = [sitting for sitting in instance.sittings if sitting.panel_id in ids]
    return [
        expert.id
        for expert in instance.experts
        if expert.id in at_risk
        and expert.id not in held.subjects[K.ABSENCE]
        and any(overlaps(window, away) for away in expert.unavailable for window in windows)
    ]


def _build(
    instance: SchedulingInstance,
    people: Sequence[Candidate],
    panels: Sequence[Panel],
    held: Held,
    present: set[str],
) -> SchedulingInstance:
    experts = {
        expert.id: replace(expert, unavailable=()) if expert.id in present else expert
        for expert in instance.experts
    }
    copier = _Copier(experts, held.subjects[K.ONE_PLACE])
    pinned = {candidate.pin.sitting_id for candidate in people if candidate.pin}
    kept_panels = tuple(
        replace(panel, expert_ids=copier.copies(panel.expert_ids, panel.id)) for panel in panels
    )
    kept_people = tuple(
        replace(
            candidate,
            attendee_ids=frozenset(copier.copies(sorted(candidate.attendee_ids), candidate.id)),
            recused_expert_ids=frozenset(
                copy
                for panel in panels
                for copy in copier.copies(
                    [id_ for id_ in panel.expert_ids if id_ in candidate.recused_expert_ids], panel.id
                )
            ),
        )
        for candidate in people
    )
    return SchedulingInstance(
        experts=tuple(copier.made.values()),
        panels=kept_panels,
        sittings=_sittings(instance, people, kept_panels, held, pinned),
        candidates=kept_people,
        min_panel_size=instance.min_panel_size if K.PANEL_SIZE in held.kinds else 0,
        require_odd=K.ODD in held.kinds,
        max_parallel_sittings=instance.max_parallel_sittings if K.LIMIT in held.kinds else None,
        closures=instance.closures if K.CLOSURES in held.kinds else (),
        midnight_min=instance.midnight_min,
        objective=(),
    )


class _Copier:
    """Makes a person who may be in several places at once into one person for each place."""

    def __init__(self, experts: dict[str, Expert], single: frozenset[str]) -> None:
        self._experts, self._single = experts, single
        self.made: dict[str, Expert] = {}

    def copies(self, person_ids: Iterable[str], place: str) -> tuple[str, ...]:
        """Return the ids that stand for the persons in one place."""
        ids = []
        for person_id in person_ids:
            copy_id = person_id if person_id in self._single else f"{person_id}#{place}"
            self.made[copy_id] = replace(self._experts[person_id], id=copy_id)
            ids.append(copy_id)
        return tuple(ids)


def _sittings(
    instance: SchedulingInstance,
    people: Sequence[Candidate],
    panels: Sequence[Panel],
    held: Held,
    pinned: set[str],
) -> tuple[Sitting, ...]:
    """Keep the panels' own sittings; who is not bound to them can sit later, for as long as it takes.

    That later time is clear of everything else, so own sittings matter only to pins and to absences that
    make a panel odd.
    """
    bound = held.subjects[K.SITTINGS]
    needed = {panel.id for panel in panels if panel.id in bound or K.ODD in held.kinds}
    sittings = [s for s in instance.sittings if s.panel_id in needed or s.id in pinned]
    length_min = sum(candidate.duration_min + candidate.buffer_min for candidate in people) or 1
    start_min = _last_minute(instance) + DAY_MIN
    for number, panel in enumerate(panel for panel in panels if panel.id not in bound):
        first_min = start_min + number * (length_min + DAY_MIN)
        sittings.append(Sitting(f"{panel.id}#later", panel.id, first_min, first_min + length_min))
    return tuple(sittings)


def _last_minute(instance: SchedulingInstance) -> int:
    holders: tuple[Expert | Candidate, ...] = (*instance.experts, *instance.candidates)
    ends_min = [sitting.end_min for sitting in instance.sittings]
    ends_min += [closure.end_min for closure in instance.closures]
    ends_min += [away.end_min for holder in holders for away in holder.unavailable]
    return max(ends_min, default=instance.midnight_min)

"""The facts of an instance: listed, told apart, and put together again for reading."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scheduler.explain.explanation import Fact, FactKind
from scheduler.explain.placing import alike
from scheduler.instance import Candidate, SchedulingInstance

K = FactKind


@dataclass(frozen=True)
class Held:
    """Who and what the facts name, by kind."""

    people: dict[FactKind, frozenset[str]]
    subjects: dict[FactKind, frozenset[str]]
    kinds: frozenset[FactKind]

    @classmethod
    def of(cls, facts: Sequence[Fact]) -> "Held":
        """Read the facts."""
        return cls(
            {kind: frozenset(i for f in facts if f.kind is kind for i in f.candidate_ids) for kind in K},
            {kind: frozenset(f.subject for f in facts if f.kind is kind) for kind in K},
            frozenset(fact.kind for fact in facts),
        )

    @property
    def demanded(self) -> frozenset[str]:
        """The candidates who must be heard."""
        return self.people[K.DEMAND]


def relax_candidate(candidate: Candidate, held: Held) -> Candidate:
    """Return the candidate with only what the facts say of them."""

    def keeps(kind: FactKind) -> bool:
        return candidate.id in held.people[kind]

    return replace(
        candidate,
        unavailable=candidate.unavailable if keeps(K.UNAVAILABLE) else (),
        recused_expert_ids=candidate.recused_expert_ids if keeps(K.RECUSAL) else frozenset(),
        buffer_min=candidate.buffer_min if keeps(K.BUFFER) else 0,
        pin=candidate.pin if keeps(K.PIN) else None,
        attendee_ids=candidate.attendee_ids if keeps(K.ATTENDEES) else frozenset(),
        published=None,
        wishes=(),
    )


def list_facts(instance: SchedulingInstance, candidates: Sequence[Candidate]) -> tuple[Fact, ...]:
    """Return all facts that concern `candidates`; other panels and persons are left out.

    Parameters
    ----------
    candidates : sequence of Candidate
        Those who must be heard.
    """
    facts = [fact for members in alike(candidates) for fact in _candidate_facts(members)]
    categories = list(dict.fromkeys(candidate.category for candidate in candidates))
    panels = [panel for panel in instance.panels if any(panel.hears(category) for category in categories)]
    facts += [
        Fact(K.CATEGORY, category)
        for category in categories
        if not all(panel.hears(category) for panel in instance.panels)
    ]
    facts += [Fact(K.SITTINGS, panel.id) for panel in panels]
    roles = Counter(person for panel in panels for person in panel.expert_ids)
    roles.update(person for candidate in candidates for person in sorted(candidate.attendee_ids))
    away = {expert.id for expert in instance.experts if expert.unavailable}
    facts += [Fact(K.ABSENCE, person) for person in roles if person in away]
    facts += [Fact(K.ONE_PLACE, person) for person, count in roles.items() if count > 1]
    return (*facts, *_round_facts(instance))


def _candidate_facts(members: Sequence[Candidate]) -> Iterator[Fact]:
    model, ids = members[0], tuple(candidate.id for candidate in members)
    yield Fact(K.DEMAND, model.category, ids)
    held = {
        K.UNAVAILABLE: model.unavailable,
        K.RECUSAL: model.recused_expert_ids,
        K.BUFFER: model.buffer_min,
        K.PIN: model.pin,
        K.ATTENDEES: model.attendee_ids,
    }
    yield from (Fact(kind, candidate_ids=ids) for kind, value in held.items() if value)


def _round_facts(instance: SchedulingInstance) -> Iterator[Fact]:
    held = {
        K.LIMIT: instance.max_parallel_sittings,
        K.CLOSURES: instance.closures,
        K.PANEL_SIZE: instance.min_panel_size,
        K.ODD: instance.require_odd,
    }
    yield from (Fact(kind) for kind, value in held.items() if value)


def regroup(instance: SchedulingInstance, facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts with one demand for all candidates whom the other facts do not tell apart."""
    held = Held.of(facts)
    people = [
        relax_candidate(candidate, held) for candidate in instance.candidates if candidate.id in held.demanded
    ]
    about_people = [fact for members in alike(people) for fact in _candidate_facts(members)]
    return [*about_people, *(fact for fact in facts if not fact.candidate_ids)]


def merge_for_reading(instance: SchedulingInstance, facts: Sequence[Fact]) -> list[Fact]:
    """Make one fact of those a person would say in one breath.

    It stays minimal: when each part is needed, so is the whole.
    """
    by_id = {candidate.id: candidate for candidate in instance.candidates}
    merged: dict[tuple[object, ...], Fact] = {}
    for fact in facts:
        key: tuple[object, ...] = (fact.kind, fact.subject)
        if fact.candidate_ids:
            key = (*key, _said_together(fact.kind, by_id[fact.candidate_ids[0]]))
        known = merged.get(key)
        ids = (*known.candidate_ids, *fact.candidate_ids) if known else fact.candidate_ids
        merged[key] = replace(fact, candidate_ids=ids)
    return list(merged.values())


def list_alike(instance: SchedulingInstance, facts: Sequence[Fact]) -> list[Candidate]:
    """Return everybody to whom a clash happens as it does to those it names: alike in all that clashes."""
    held = Held.of(facts)
    named = [candidate for candidate in instance.candidates if candidate.id in held.demanded]
    kinds_of = {c.id: tuple(kind for kind in K if c.id in held.people[kind]) for c in named}
    signatures = {(kinds, _signature(c, kinds)) for c in named for kinds in [kinds_of[c.id]]}
    known_kinds = sorted(set(kinds_of.values()), key=len)
    return [
        candidate
        for candidate in instance.candidates
        if candidate.id in kinds_of
        or any((kinds, _signature(candidate, kinds)) in signatures for kinds in known_kinds)
    ]


def _signature(candidate: Candidate, kinds: Sequence[FactKind]) -> tuple[object, ...]:
    """Return what the kinds of facts say of a candidate."""
    said: dict[FactKind, object] = {
        K.UNAVAILABLE: candidate.unavailable,
        K.RECUSAL: candidate.recused_expert_ids,
        K.BUFFER: candidate.buffer_min,
        K.ATTENDEES: candidate.attendee_ids,
        K.PIN: candidate.id,
    }
    return candidate.category, candidate.duration_min, *(said.get(kind) for kind in kinds)


def _said_together(kind: FactKind, candidate: Candidate) -> object:
    said: dict[FactKind, object] = {
        K.DEMAND: candidate.duration_min,
        K.RECUSAL: candidate.recused_expert_ids,
        K.BUFFER: candidate.buffer_min,
        K.ATTENDEES: candidate.attendee_ids,
        K.PIN: candidate.id,
    }
    return said.get(kind)

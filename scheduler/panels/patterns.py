"""How many defences of each size fill a stretch of time."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

Size = tuple[int, int]
"""Duration and buffer of a defence, in minutes."""

Pattern = tuple[int, ...]
"""Number of defences per size, in the order of the sizes asked for."""

MOST_SIZES, MOST_PATTERNS, MOST_DEFENCES = 4, 150, 200
"""Sizes, patterns, and defences in one stretch, beyond which the patterns are too many to be listed."""


@lru_cache(maxsize=4096)
def fill_patterns(length_min: int, is_followed: bool, sizes: tuple[Size, ...]) -> tuple[Pattern, ...] | None:
    """Return all ways to fill a stretch of time to which no defence can be added.

    Parameters
    ----------
    length_min : int
        Minutes of the stretch.
    is_followed : bool
        Whether the buffer of the last defence must fit too; otherwise the longest goes last and sticks out.
    sizes : tuple of Size
        Duration and buffer of each size, in minutes.

    Returns
    -------
    tuple of Pattern, or None
        None when they are too many.
    """
    if len(sizes) > MOST_SIZES or any(length_min > MOST_DEFENCES * sum(size) for size in sizes):
        return None

    def fits(counts: Pattern) -> bool:
        used = [(size, count) for size, count in zip(sizes, counts, strict=False) if count]
        load_min = sum((duration + buffer) * count for (duration, buffer), count in used)
        tail_min = 0 if is_followed else max((buffer for (_, buffer), _ in used), default=0)
        return load_min - tail_min <= length_min

    def one_more(counts: Pattern) -> Iterator[Pattern]:
        return (tuple(c + (i == extra) for i, c in enumerate(counts)) for extra in range(len(sizes)))

    def extend(counts: Pattern) -> Iterator[Pattern]:
        if len(counts) == len(sizes):
            if not any(fits(more) for more in one_more(counts)):
                yield counts
            return
        count = 0
        while fits((*counts, count)):
            yield from extend((*counts, count))
            count += 1

    found = tuple(islice(extend(()), MOST_PATTERNS + 1))
    return found if len(found) <= MOST_PATTERNS else None


@lru_cache(maxsize=4096)
def largest_sum(room_min: int, steps: frozenset[int]) -> int:
    """Return the largest sum of `steps`, each taken any number of times, within `room_min`.

    It is the tightest capacity that loses no solution, and lifts the bound on opened sittings.
    """
    reachable, mask = 1, (1 << (room_min + 1)) - 1
    for step in steps:
        shift = step
        while shift <= room_min:
            reachable |= (reachable << shift) & mask
            shift *= 2
    return reachable.bit_length() - 1

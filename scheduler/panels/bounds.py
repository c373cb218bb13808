"""What no schedule can beat in the soft terms, by counting alone."""

from scheduler.panels.kinds import Aggregate


def least_load(aggregate: Aggregate, opened: int) -> int:
    """Return the least load of `opened` sittings: no peak lies below the mean."""
    panels = {opening.panel.id for opening in aggregate.openings}
    days = {aggregate.instance.day_of(opening.sitting.start_min) for opening in aggregate.openings}
    if not panels:
        return 0
    return -(-opened // len(panels)) + -(-opened // len(days))


def least_region_days(aggregate: Aggregate) -> int:
    """Return the least number of pairs of region and day if everyone is placed: a day for each region."""
    return len({member.region for group in aggregate.groups for member in group.members} - {""})

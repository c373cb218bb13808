"""Timetables: from rows to the scheduler and back, changed by hand, published."""

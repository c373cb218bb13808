"""Instances, schedules and results as files: every fault is named when reading, writing is all or nothing."""

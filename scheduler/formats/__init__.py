"""Instances, schedules and results as files: every fault has its place, and nothing is half-written."""

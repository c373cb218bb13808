"""Personal data: shown by permission and on record, kept for a time, exported, deleted."""

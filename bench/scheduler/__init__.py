"""The scheduler against its targets and its peers: every run in a process of its own, one checker for all."""

"""The voting room against its targets: the served application under load, all on the loopback interface."""

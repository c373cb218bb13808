"""Use cases: rows in, plain types through the rules, rows out. A service takes a session, never commits."""

"""Candidates with named attendees (interpreters, examiners): a time-indexed model of who starts when."""

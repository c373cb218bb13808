"""Invites: letters, their answers, feeds and calendars, and what staff do about them."""

"""Invites against their targets: what other programs read in them, and how fast and safely they leave."""

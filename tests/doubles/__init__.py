"""Strict stand-ins for meeting providers: real HTTP servers on the loopback interface."""

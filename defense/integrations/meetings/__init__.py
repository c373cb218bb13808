"""Connectors to what holds the video meetings."""

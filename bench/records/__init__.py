"""Workbooks of many applications: how long an import takes, and how much memory."""

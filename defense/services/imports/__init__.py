"""Workbooks coming in: looked at, compared, taken in; the large ones by a process of their own."""

"""Making text safe for places where a line break would start something new."""

from __future__ import annotations

import unicodedata


def one_line(text: str) -> str:
    """The text without control characters, its white space as single blanks.

    A name or a subject goes into mail headers and calendar parameters; a line break in one would let
    whoever typed it write headers of their own. Joiners and direction marks, which Uyghur text needs, stay.
    """
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join(visible.split())

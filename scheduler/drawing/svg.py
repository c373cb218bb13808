"""The few shapes of SVG that a picture needs, as text."""

import re
import unicodedata
from html import escape

FONTS = "'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif"

# XML 1.0, production 2 (Char): what a text may not hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Drawing:
    """Collects shapes; `to_svg` puts them on a white sheet."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        title: str = "",
        radius: float = 0,
        stroke: str = "",
        dashed: bool = False,
    ) -> None:
        """Add a rectangle; `title` is what a browser shows under the mouse."""
        attributes = (
            f'x="{x:.2f}" y="{y:.2f}" width="{max(0.0, width):.2f}" height="{height:.2f}" fill="{fill}"'
        )
        attributes += f' rx="{radius:g}"' if radius else ""
        attributes += f' stroke="{stroke}"' if stroke else ""
        attributes += ' stroke-dasharray="3 3"' if dashed else ""
        inner = f"><title>{xml_text(title)}</title></rect>" if title else "/>"
        self._parts.append(f"<rect {attributes}{inner}")

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        fill: str = "#1f2933",
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        """Add a line of text whose baseline is at `y`."""
        weight = ' font-weight="700"' if bold else ""
        self._parts.append(
            f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size:g}" fill="{fill}" '
            f'text-anchor="{anchor}"{weight}>'
            f"{xml_text(words)}</text>"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str) -> None:
        """Add a hair line."""
        self._parts.append(
            f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{stroke}"/>'
        )

    def to_svg(self, width: float, height: float, label: str) -> str:
        """Return the whole document."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{xml_text(label)}" '
            f'font-family="{FONTS}"><defs><pattern id="idle" width="5" height="5" '
            'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" '
            'fill="#fdeceb"/><rect width="1.6" height="5" fill="#d64545"/></pattern></defs>'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n{chr(10).join(self._parts)}\n</svg>\n'
        )


def xml_text(words: str) -> str:
    """Return `words` as they may stand in XML."""
    return escape(_NOT_XML.sub("�", words))


def text_width(words: str, size: float) -> float:
    """Return about how wide `words` are drawn; a Chinese character is as wide as it is high."""
    return sum(size if unicodedata.east_asian_width(letter) in "WF" else size * 0.56 for letter in words)


def shorten(words: str, size: float, most: float) -> str:
    """Return `words`, cut with an ellipsis where they would be wider than `most`."""
    if text_width(words, size) <= most:
        return words
    while words and text_width(f"{words}…", size) > most:
        words = words[:-1]
    return f"{words}…"

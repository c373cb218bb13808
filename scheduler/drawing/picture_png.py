"""SVG to PNG, refusing rather than leaving out what no font can show."""

import re

from scheduler.drawing.svg import FONTS
from scheduler.errors import InstanceError

PIXELS_LIMIT = 100_000_000
"""Largest PNG, 400 MB while it is drawn; an SVG has no such limit."""


_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
    f'<text y="16" font-size="16" font-family="{FONTS}">{{}}</text></svg>'
)


def render_png(svg: str, zoom: float = 1.0) -> bytes:
    """Return a picture made by `scheduler.drawing.picture.draw_schedule` as PNG.

    Parameters
    ----------
    svg : str
        The picture.
    zoom : float
        Pixels for each unit of the SVG.

    Raises
    ------
    InstanceError
        The library or a Chinese font is not installed, or the PNG would be too large.
    """
    try:
        from resvg_py import svg_to_bytes  # noqa: PLC0415 (only who wants PNG needs it)
    except ImportError:
        raise InstanceError("", "PNG needs the Python package resvg-py") from None
    width, height = map(int, re.findall(r'(?:width|height)="(\d+)"', svg)[:2])
    pixels = round(width * height * zoom * zoom)
    if pixels > PIXELS_LIMIT:
        raise InstanceError("", f"the PNG would have {pixels / 1e6:.0f} million pixels")
    if re.search("[\u2e80-\U0003ffff]", svg):
        # Without a font every character leaves the same mark, or none.
        looks = {svg_to_bytes(svg_string=_PROBE.format(letter)) for letter in "答辩"}
        if len(looks) < 2:
            raise InstanceError("", "PNG needs a Chinese font")
    return bytes(svg_to_bytes(svg_string=svg, zoom=zoom))

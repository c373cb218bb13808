"""Colours of categories: one hue for what stands before the last ``|``, its shades for what follows."""

from collections.abc import Iterable

_HUES = (
    (0x3B, 0x6F, 0xB6),
    (0xE0, 0x7B, 0x1F),
    (0x3F, 0x96, 0x4A),
    (0x8E, 0x5B, 0xA6),
    (0x1F, 0x9A, 0x9A),
    (0xC2, 0x4D, 0x7C),
    (0x8A, 0x6A, 0x45),
    (0xC9, 0xA2, 0x1A),
    (0x5C, 0x6B, 0x7A),
    (0x74, 0x9B, 0x2E),
)
_SHADES = (1.0, 0.62, 0.38, 0.8)
"""Share of the hue, the rest is white; neighbours in the list differ most."""

Colour = str
NO_CATEGORY = "#9aa7b4"


def colour_categories(categories: Iterable[str]) -> dict[str, Colour]:
    """Return a colour such as ``#3b6fb6`` for each category, in order of the alphabet.

    Up to ten groups of four get colours of their own; beyond that colours repeat, and the texts on the cells
    have to tell categories apart.
    """
    colours: dict[str, Colour] = {"": NO_CATEGORY}
    groups: dict[str, list[str]] = {}
    for category in sorted(set(categories) - {""}):
        groups.setdefault(category.rpartition("|")[0] or category, []).append(category)
    for number, members in enumerate(groups.values()):
        for position, category in enumerate(members):
            colours[category] = _mix(_HUES[number % len(_HUES)], _SHADES[position % len(_SHADES)])
    return colours


def ink_on(colour: Colour) -> Colour:
    """Return the colour of text that can be read on `colour`."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    # Weights of brightness: ITU-R BT.601.
    is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 150
    return "#ffffff" if is_dark else "#1f2933"


def _mix(hue: tuple[int, int, int], share: float) -> Colour:
    return "#" + "".join(f"{round(channel * share + 255 * (1 - share)):02x}" for channel in hue)

"""Text and controls contrast with their background in both themes: WCAG 2.1 AA."""

import re
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

TEXT: Final = 4.5
CONTROL: Final = 3.0
GROUNDS: Final = ("paper", "surface", "sunken", "hover")
INKS: Final = ("ink", "ink-soft", "ink-faint", "accent", "accent-strong")
TONES: Final = ("success", "warning", "danger")
PAIRS: Final = [
    *((ink, ground, TEXT) for ink, ground in product(INKS, GROUNDS)),
    *((tone, ground, TEXT) for tone, ground in product(TONES, GROUNDS)),
    *((tone, f"{tone}-soft", TEXT) for tone in (*TONES, "accent")),
    *(("ink", f"{tone}-soft", TEXT) for tone in (*TONES, "accent")),
    *(("ink-soft", f"{tone}-soft", TEXT) for tone in (*TONES, "accent")),
    ("on-accent", "accent-solid", TEXT),
    ("on-accent", "accent-solid-hover", TEXT),
    *(("control-line", ground, CONTROL) for ground in ("paper", "surface", "sunken")),
    *(("accent", ground, CONTROL) for ground in GROUNDS),
]


def tokens(theme: int) -> dict[str, str]:
    """Return the colours of tokens.css: of the light theme (0) or the dark one (1)."""
    css = Path(settings.BASE_DIR, "static/css/tokens.css").read_text()
    pairs = re.findall(
        r"--([\w-]+):\s*(?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));", css
    )
    return {name: same or (light, dark)[theme] for name, light, dark, same in pairs}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_pair_of_colours_has_enough_contrast(
    front: str, back: str, least: float, theme: int
) -> None:
    colours = tokens(theme)
    assert contrast(colours[front], colours[back]) >= least

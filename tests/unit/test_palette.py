"""The colours of `tokens.css`: contrast, and distance between the chart colours for every kind of colour vision."""

from __future__ import annotations

import re
from itertools import combinations
from math import hypot
from pathlib import Path

import pytest

import chat

Colour = tuple[float, float, float]
Matrix = tuple[Colour, Colour, Colour]

CSS = Path(chat.__file__).parent / "static" / "chat" / "css"
TOKENS = (CSS / "tokens.css").read_text()
SCHEMES = ("light", "dark")
CHART = [f"chart-{number}" for number in range(1, 9)]
# The tokens themselves, and the viewer of the API's documents, which has a theme of its own.
APART = ("tokens.css", "docs.css")
BACKGROUNDS = ("sunk", "ground", "raised")
CODE = ("keyword", "string", "number", "title", "comment", "type")
STATES = ("danger", "warn", "success", "info")

# Linear RGB as it is seen without one kind of cones (Machado, Oliveira, Fernandes 2009, severity 1).
VISION: dict[str, Matrix] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# Least distances in OKLab, where 0.02 is a difference just seen side by side.
LEAST_DISTANCE = {"normal": 0.15, "protanopia": 0.08, "deuteranopia": 0.08, "tritanopia": 0.08}

# OKLab's two matrices (Ottosson 2020), from linear RGB to cones and from their cube roots to the three axes.
CONES: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
AXES: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def colour(name: str, scheme: str) -> Colour:
    """Return a token's colour in linear RGB."""
    found = re.search(rf"--{name}: light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\);", TOKENS)
    assert found, name
    digits = found[1 + SCHEMES.index(scheme)][1:]
    red, green, blue = (linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return red, green, blue


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def times(matrix: Matrix, vector: Colour) -> Colour:
    first, second, third = (sum(map(float.__mul__, map(float, row), vector)) for row in matrix)
    return first, second, third


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2."""
    darker, lighter = sorted(times(((0.2126, 0.7152, 0.0722),) * 3, each)[0] for each in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def seen(linear_rgb: Colour, vision: str) -> Colour:
    """Return the colour in OKLab as this kind of vision sees it."""
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in times(VISION[vision], linear_rgb))
    long, middle, short = (cone ** (1 / 3) for cone in times(CONES, (red, green, blue)))
    return times(AXES, (long, middle, short))


def distance(one: Colour, other: Colour) -> float:
    return hypot(*(first - second for first, second in zip(one, other, strict=True)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_enough_contrast_on_every_background(scheme: str) -> None:
    texts = ("words", "quiet", "accent", "danger")
    tints = ("bubble", "tint", *(f"{state}-tint" for state in STATES))
    pairs = [(text, ground) for text in texts for ground in BACKGROUNDS]
    pairs += [("words", tint) for tint in tints] + [("quiet", "bubble"), ("on-accent", "accent")]
    pairs += [("on-accent", "accent-strong"), ("accent", "tint"), ("ground", "words"), ("ground", "danger")]
    pairs += [(state, f"{state}-tint") for state in STATES]
    pairs += [(f"code-{kind}", "sunk") for kind in CODE]
    too_faint = [pair for pair in pairs if contrast(*(colour(name, scheme) for name in pair)) < 4.5]
    assert too_faint == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_edges_and_chart_colours_stand_out_from_every_background(scheme: str) -> None:
    pairs = [(name, ground) for name in ("edge", *CHART) for ground in ("ground", "raised")]
    assert [pair for pair in pairs if contrast(*(colour(name, scheme) for name in pair)) < 3] == []


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_two_chart_colours_look_alike(scheme: str, vision: str) -> None:
    shades = {name: seen(colour(name, scheme), vision) for name in CHART}
    distances = {pair: distance(shades[pair[0]], shades[pair[1]]) for pair in combinations(CHART, 2)}
    near = [pair for pair, apart in distances.items() if apart < LEAST_DISTANCE[vision]]
    assert near == []


def test_colours_are_named_in_the_tokens_alone() -> None:
    """A colour that stands elsewhere would not follow the scheme."""
    literal = re.compile(r"#[0-9a-f]{3,8}\b(?=[;, )])|\brgba?\(")
    styles = sorted(CSS.glob("*.css")) + sorted(CSS.parents[2].glob("page/src/**/*.css"))
    assert len(styles) > 5
    named = [path.name for path in styles if path.name not in APART and literal.search(path.read_text())]
    assert named == []

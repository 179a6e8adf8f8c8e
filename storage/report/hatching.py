"""Bars that can be told apart without seeing colours: each series has a colour and a hatching.

The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), made for every kind of
colour blindness. The lines are drawn, not an SVG pattern: docs/reasons.md says why.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, tostring

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_STEP = 8.0
_SIDE = 14


def paint(bar: Element, place: int) -> Element:
    """Colour a rectangle as the series at ``place``; the lines that belong on it."""
    bar.set("fill", COLOURS[place % len(COLOURS)])
    bar.set("stroke", "#333")
    bar.set("stroke-width", ".6")
    x, y, width, height = (float(bar.get(name, 0)) for name in ("x", "y", "width", "height"))
    lines = "".join(_lines(place % len(COLOURS), x, y, width, height))
    white = {"d": lines, "stroke": "#fff", "stroke-width": "1.1", "stroke-opacity": ".8"}
    return Element("path", white)


def swatch(place: int) -> str:
    """A small square of the series, for a legend."""
    side = str(_SIDE)
    image = Element("svg", {"width": side, "height": side, "aria-hidden": "true"})
    bar = SubElement(image, "rect", {"x": "0", "y": "0", "width": side, "height": side})
    image.append(paint(bar, place))
    return tostring(image, encoding="unicode")


def _lines(kind: int, x: float, y: float, width: float, height: float) -> Iterator[str]:
    """None, /, |, —, \\ and +."""
    if kind in (1, 4):
        yield from _slanting(x, y, width, height, rising=kind == 1)
    if kind in (2, 5):
        at = _STEP / 2
        while at < width:
            yield f"M{x + at:.1f} {y:.1f}v{height:.1f}"
            at += _STEP
    if kind in (3, 5):
        for part in (1 / 3, 2 / 3):
            yield f"M{x:.1f} {y + height * part:.1f}h{width:.1f}"


def _slanting(x: float, y: float, width: float, height: float, *, rising: bool) -> Iterator[str]:
    """Lines at 45 degrees, cut off at the edges."""
    at = _STEP / 2 - height
    while at < width:
        left, right = max(at, 0.0), min(at + height, width)
        low, high = left - at, right - at  # how far up along the line
        if right > left:
            first, last = (y + height - low, y + height - high) if rising else (y + low, y + high)
            yield f"M{x + left:.1f} {first:.1f}L{x + right:.1f} {last:.1f}"
        at += _STEP

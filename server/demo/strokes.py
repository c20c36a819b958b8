"""Letters drawn as strokes with smooth edges, for pictures made where no font can be counted on.

A glyph is some lines in a box 6 units high; its width is what its lines take. Only what the leader says is here.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Line = list[tuple[float, float]]
Mask = NDArray[np.float32]
"""Coverage of pixels, 0..1, rows by columns."""

HEIGHT = 6.0
GAP = 1.5
SPACE = 2.4


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Line:
    """An elliptic arc from `start` to `end` degrees; y points down, so rising angles turn like a clock's hand."""
    angles = np.radians(np.linspace(start, end, max(4, int(abs(end - start) / 6))))
    return [(float(x + rx * np.cos(a)), float(y + ry * np.sin(a))) for a in angles]


_GLYPHS: dict[str, list[Line]] = {
    "0": [_arc(2, 3, 2, 3, 0, 360)],
    "1": [[(0.4, 1.3), (2.0, 0), (2.0, 6)]],
    "2": [[*_arc(2, 1.8, 1.8, 1.8, 185, 400), (0.1, 6), (4, 6)]],
    "3": [[*_arc(2, 1.5, 1.7, 1.5, 200, 450), *_arc(2, 4.5, 1.95, 1.5, 270, 520)]],
    "4": [[(3, 6), (3, 0), (0, 4.2), (4, 4.2)]],
    "5": [[(3.6, 0), (0.7, 0), *_arc(1.95, 4.1, 2, 1.9, 225, 510)]],
    "6": [_arc(2, 4.1, 1.9, 1.9, 0, 360), _arc(3.4, 4.1, 3.3, 4.1, 180, 270)],
    "7": [[(0, 0), (4, 0), (1.4, 6)]],
    "8": [_arc(2, 1.5, 1.6, 1.5, 0, 360), _arc(2, 4.5, 1.95, 1.5, 0, 360)],
    "9": [_arc(2, 1.9, 1.9, 1.9, 0, 360), _arc(0.6, 1.9, 3.3, 4.1, 0, 90)],
    ":": [[(0.3, 1.9), (0.3, 2.0)], [(0.3, 4.6), (0.3, 4.7)]],
    "A": [[(0, 6), (2, 0), (4, 6)], [(0.7, 4), (3.3, 4)]],
    "C": [_arc(2.2, 3, 2.2, 3, 45, 315)],
    "D": [[(0, 0), (1.2, 0), *_arc(1.2, 3, 2.8, 3, 270, 450), (0, 6), (0, 0)]],
    "E": [[(3.4, 0), (0, 0), (0, 6), (3.4, 6)], [(0, 3), (2.9, 3)]],
    "F": [[(3.4, 0), (0, 0), (0, 6)], [(0, 3), (2.9, 3)]],
    "I": [[(0.2, 0), (0.2, 6)]],
    "L": [[(0, 0), (0, 6), (3.2, 6)]],
    "M": [[(0, 6), (0, 0), (2.3, 4), (4.6, 0), (4.6, 6)]],
    "N": [[(0, 6), (0, 0), (4, 6), (4, 0)]],
    "O": [_arc(2.4, 3, 2.4, 3, 0, 360)],
    "R": [[(0, 6), (0, 0), (2, 0), *_arc(2, 1.6, 1.8, 1.6, 270, 450), (0, 3.2)], [(1.9, 3.2), (4, 6)]],
    "S": [[*_arc(2, 1.5, 1.8, 1.5, -30, -270), *_arc(2, 4.5, 1.9, 1.5, 270, 510)]],
    "T": [[(0, 0), (4, 0)], [(2, 0), (2, 6)]],
    "U": [[(0, 0), *_arc(2, 4, 2, 2, 180, 0), (4, 0)]],
    "W": [[(0, 0), (1.4, 6), (2.8, 1), (4.2, 6), (5.6, 0)]],
    "Y": [[(0, 0), (2, 3), (4, 0)], [(2, 3), (2, 6)]],
}


def text(words: str, height: int, weight: float) -> Mask:
    """`words` with letters `height` pixels high and strokes `weight` pixels wide. Raises KeyError for a letter not drawn here."""
    margin = int(np.ceil(weight))
    parts: list[Mask] = []
    for letter in words:
        lines = _GLYPHS[letter] if letter != " " else []
        width = max((x for line in lines for x, _ in line), default=SPACE - GAP)
        parts.append(_glyph(lines, width + GAP, height, weight, margin))
    return np.concatenate(parts, axis=1)


def _glyph(lines: list[Line], width: float, height: int, weight: float, margin: int) -> Mask:
    scale = height / HEIGHT
    y, x = np.mgrid[0 : height + 2 * margin, 0 : int(np.ceil(width * scale))].astype(np.float32)
    # Half of the gap is on either side, or thick strokes would be cut at the left.
    x, y = (x + 0.5) / scale - GAP / 2, (y + 0.5 - margin) / scale
    nearest = np.full(x.shape, np.inf, np.float32)
    for line in lines:
        for (ax, ay), (bx, by) in pairwise(line):
            dx, dy = bx - ax, by - ay
            along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
            nearest = np.minimum(nearest, np.hypot(x - ax - along * dx, y - ay - along * dy))
    return np.clip(weight / 2 + 0.5 - nearest * scale, 0, 1).astype(np.float32)

"""The film leader: a countdown in the manner of the SMPTE Universal Leader, drawn into luma planes.

Eight seconds go 8, 7, ... 2 with a hand that sweeps once a second, then a title for the one that is left. The chroma is one
tint for all, so a picture is its luma plane.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from server.demo import strokes
from server.demo.strokes import Mask

Luma = NDArray[np.uint8]
"""360 rows of 640, video range (16..235)."""

WIDTH, HEIGHT = 640, 360
RATE = 15
"""Pictures a second."""
CYCLE = 8
"""Seconds of one countdown."""
TINT = (124, 133)
"""Cb and Cr of the whole picture: the warm grey of a tungsten lamp."""

NAME = "WORLD FILM INDUSTRY CONFERENCE"
TITLE = "SUMMIT OF 18 LEADERS"

_CENTRE = (WIDTH // 2, 164)
_WHITE = 218.0


class Leader:
    """Draws pictures; each second of the countdown is drawn once and kept, about 28 MB in all."""

    def __init__(self) -> None:
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        self._dx, self._dy = x - _CENTRE[0], y - _CENTRE[1]
        self._radius = np.hypot(self._dx, self._dy)
        # Clockwise from twelve o'clock, in turns.
        self._turn = (np.arctan2(self._dx, -self._dy) / (2 * np.pi)) % 1.0
        self._wall = 24 + 44 * np.exp(-((self._radius / 250) ** 2))
        self._name = strokes.text(NAME, 11, 1.7)
        self._kept: dict[tuple[int, int], Luma] = {}

    def picture(self, second: int, frame: int) -> Luma:
        """Frame `frame` (0..RATE-1) of second `second` of the loop, with its timecode."""
        key = second % CYCLE, frame
        if key not in self._kept:
            self._kept[key] = self._draw(*key)
        picture = self._kept[key].copy()
        _paste(picture, _timecode(second, frame), WIDTH - 24, HEIGHT - 32, right=True)
        return picture

    def _draw(self, second: int, frame: int) -> Luma:
        wall = self._wall.copy()
        number = CYCLE - second
        if number >= 2:
            self._sweep(wall, frame / RATE)
        picture: Luma = wall.clip(16, 235).astype(np.uint8)
        words = strokes.text(str(number), 168, 15) if number >= 2 else strokes.text(TITLE, 26, 3.4)
        _paste(picture, words, _CENTRE[0] + words.shape[1] // 2, _CENTRE[1] - words.shape[0] // 2, right=True)
        _paste(picture, self._name, 24, HEIGHT - 32)
        return picture

    def _sweep(self, wall: NDArray[np.float32], turn: float) -> None:
        wall[self._turn < turn] += 26
        for distance in (np.abs(self._dx), np.abs(self._dy)):
            _stroke(wall, distance, 1.0, 96)
        for radius, weight in ((142, 3.0), (128, 2.0)):
            _stroke(wall, np.abs(self._radius - radius), weight, 190)
        angle = 2 * np.pi * turn
        across = np.abs(self._dx * np.cos(angle) + self._dy * np.sin(angle))
        ahead = self._dx * np.sin(angle) - self._dy * np.cos(angle)
        _stroke(wall, np.where(ahead >= 0, across, np.inf).astype(np.float32), 2.0, 150)


def _stroke(wall: NDArray[np.float32], distance: NDArray[np.float32], weight: float, level: float) -> None:
    cover = np.clip(weight / 2 + 0.5 - distance, 0, 1)
    wall += cover * (level - wall)


@cache
def _letter(letter: str) -> Mask:
    return strokes.text(letter, 11, 1.7)


def _timecode(second: int, frame: int) -> Mask:
    return np.concatenate([_letter(letter) for letter in f"00:00:{second:02}:{frame:02}"], axis=1)


def _paste(picture: Luma, words: Mask, x: int, y: int, *, right: bool = False) -> None:
    """Put `words` with their left edge (or `right`) at `x` and their top at `y`."""
    left = x - words.shape[1] if right else x
    place = picture[y : y + words.shape[0], left : left + words.shape[1]]
    place[:] = (place + words * (_WHITE - place)).astype(np.uint8)

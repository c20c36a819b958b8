"""A place on a picture, in thousandths of its width and height. Places are counted on a grid, so that a crowd costs no more than a cell."""

from collections import Counter

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form, Result, amounts

KINDS = ("point",)

SIDE = 1000
GRID = 20
"""Cells in a row and in a column."""


def form(form: Form) -> None:
    if not form.rules.image:
        raise Invalid("a poll for points needs a picture")


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    point = amounts(given, {"x", "y"}, SIDE)
    if len(point) != 2:
        raise Invalid("a point has an x and a y")
    return point


class Cells:
    """`counts` are by `column.row`, from the picture's upper left."""

    def __init__(self, form: Form) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, ballot: dict[str, int]) -> None:
        self._counts[_cell(ballot)] += 1

    def remove(self, ballot: dict[str, int]) -> None:
        self._counts[_cell(ballot)] -= 1

    def result(self) -> Result:
        return Result(counts=dict(sorted((+self._counts).items())))


def _cell(point: dict[str, int]) -> str:
    column, row = (min(point[axis] * GRID // SIDE, GRID - 1) for axis in "xy")
    return f"{column}.{row}"


tally = Cells

"""A poll's result by what its voters said of themselves, so that no small group can be read from it. Pure.

Groups below LEAST voters are one row with those who said nothing. Then every cell below LEAST is withheld (zero too: of a group that
is all of one mind it would tell everything), and with it as many others as keep it from being computed from the sums: a row's and a
column's withheld cells are none, or two or more that hold LEAST together, as far as there are any left to withhold.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form
from sessions.kinds.words import key

LEAST = 5
"""Voters of the smallest cell that is told."""

ROWS_LIMIT = 40
"""Groups told apart, the greatest; the rest are with those who said nothing."""

Cells = dict[str, dict[str, int]]
"""By group and option."""


class Row(Struct, frozen=True):
    """`group` is None for all who are in no other row; None for a number means withheld."""

    group: str | None
    voters: int | None
    counts: dict[str, int | None]


def rows(form: Form, voters: Iterable[tuple[str | None, Ballot]]) -> list[Row]:
    """The table of these voters, each with a group and a ballot. Raises Invalid for a kind without options or steps to count."""
    columns = _columns(form)
    names, sizes, cells = _gathered(columns, list(voters))
    cells_told, totals = withheld(cells), told(sizes)
    return [
        Row(names[group], totals[group], cells_told[group])
        for group in sorted(cells, key=lambda group: (group == "", -sizes[group], group))
    ]


def withheld(cells: Cells) -> dict[str, dict[str, int | None]]:
    """The cells that may be told; None for the others."""
    hidden = {(row, column) for row, counts in cells.items() for column, count in counts.items() if count < LEAST}
    lines = [[(row, column) for column in counts] for row, counts in cells.items()]
    lines += [[(row, column) for row in cells] for column in next(iter(cells.values()), {})]
    while more := [cell for line in lines if (cell := _next(cells, line, hidden))]:
        hidden.update(more)
    return {row: {column: None if (row, column) in hidden else count for column, count in counts.items()} for row, counts in cells.items()}


def _next(cells: Cells, line: list[tuple[str, str]], hidden: set[tuple[str, str]]) -> tuple[str, str] | None:
    """The cell of a line to withhold as well, if what is withheld could be computed."""
    secret = [cells[row][column] for row, column in line if (row, column) in hidden]
    open_ = [cell for cell in line if cell not in hidden]
    if not secret or not open_ or (len(secret) > 1 and sum(secret) >= LEAST):
        return None
    return min(open_, key=lambda cell: (cells[cell[0]][cell[1]], cell))


def told(sizes: Counter[str]) -> dict[str, int | None]:
    """Voters of each group. All of them together are known, so small ones that are alone or few in all take another along."""
    small = [group for group in sizes if sizes[group] < LEAST]
    if len(small) == 1 < len(sizes) or (0 < sum(sizes[group] for group in small) < LEAST and len(small) < len(sizes)):
        small.append(min((group for group in sizes if group not in small), key=lambda group: (sizes[group], group)))
    return {group: None if group in small else size for group, size in sizes.items()}


def sizes(said: Mapping[str, int], *, exact: bool = False) -> dict[str, int]:
    """How many are of each group, by how most of them write it; `said` has the number of each writing, "" of those who said nothing.

    Without `exact`, groups below LEAST are left out, and with them what would give them away to who knows how many there are in all.
    """
    written: dict[str, Counter[str]] = {}
    for writing, count in said.items():
        written.setdefault(key(writing), Counter())[writing] += count
    written.pop("", None)
    greatest = sorted(written, key=lambda group: (-written[group].total(), group))[:ROWS_LIMIT]
    names = {group: written[group].most_common(1)[0][0] for group in greatest if exact or written[group].total() >= LEAST}
    counted = Counter({group: written[group].total() for group in names})
    if rest := sum(said.values()) - counted.total():
        counted[""] = rest
    shown = counted if exact else told(counted)
    return {names[group]: size for group, size in shown.items() if group and size is not None}


def _gathered(columns: list[str], voters: list[tuple[str | None, Ballot]]) -> tuple[dict[str, str | None], Counter[str], Cells]:
    written: dict[str, Counter[str]] = {}
    for said, _ in voters:
        if said is not None:
            written.setdefault(key(said), Counter())[said] += 1
    greatest = sorted(written, key=lambda group: (-written[group].total(), group))[:ROWS_LIMIT]
    names: dict[str, str | None] = {group: written[group].most_common(1)[0][0] for group in greatest if written[group].total() >= LEAST}
    sizes: Counter[str] = Counter()
    cells: Cells = {}
    for said, ballot in voters:
        group = key(said) if said is not None and key(said) in names else ""
        sizes[group] += 1
        counts = cells.setdefault(group, dict.fromkeys(columns, 0))
        for column in _chosen(ballot):
            counts[column] += 1
    return names | {"": None}, sizes, cells


def _columns(form: Form) -> list[str]:
    if form.kind in ("rating", "scale"):
        return [str(step) for step in range(form.rules.low, form.rules.high + 1)]
    if form.kind in ("single", "multiple", "image", "yesno", "quiz"):
        return [option.id for option in form.options]
    raise Invalid(f"a {form.kind} has no cells to tell by group")


def _chosen(ballot: Ballot) -> list[str]:
    return [str(ballot)] if isinstance(ballot, int) else list(ballot)

"""How the run goes, on the terminal: a table that is drawn anew each second, or, where there is no terminal, a line every few."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from tests.load.crowd.record import KINDS, Course, percentile

LINE_EVERY = 5
"""Seconds between two lines."""

RECENT = 10
"""Seconds that the table's percentiles look back."""


class Progress:
    """`show` it once a second."""

    def __init__(self, course: Course, seconds: float, live: Live | None) -> None:
        self._course, self._seconds, self._live = course, seconds, live
        self._told = 0.0

    def show(self, doing: str) -> None:
        if self._live is not None:
            self._live.update(self._table(doing))
        elif time.monotonic() - self._told >= LINE_EVERY:
            self._told = time.monotonic()
            print(self._line(doing), flush=True)

    def _table(self, doing: str) -> Table:
        course = self._course
        table = Table(
            title=f"{doing}: {course.last} of {self._seconds:.0f} s, {course.here} people here, loop late {course.lag * 1e3:.0f} ms"
        )
        for column in ("", "in all", "p50 ms", "p95 ms", "p99 ms"):
            table.add_column(column, justify="right" if column else "left")
        for kind in KINDS:
            recent = course.all(kind, max(0, course.last - RECENT))
            shares = (percentile(recent, share) for share in (0.5, 0.95, 0.99))
            table.add_row(kind, str(sum(course.all(kind).values())), *("-" if one is None else f"{one:.1f}" for one in shares))
        for name, count in course.acks.most_common():
            table.add_row(name, str(count))
        for code, count in course.errors.most_common(8):
            table.add_row(f"[red]{code}", f"[red]{count}")
        return table

    def _line(self, doing: str) -> str:
        course = self._course
        parts = [f"crowd {doing.replace(' ', '_')} t={course.last} here={course.here} acked={sum(course.acks.values())}"]
        late = {kind: percentile(course.all(kind, max(0, course.last - RECENT)), 0.99) for kind in KINDS}
        parts += [f"{kind}_p99_ms={at:.1f}" for kind, at in late.items() if at is not None]
        return " ".join([*parts, f"errors={sum(course.errors.values())}"])


@contextmanager
def progress(course: Course, seconds: float) -> Iterator[Progress]:
    if not sys.stdout.isatty():
        yield Progress(course, seconds, None)
        return
    with Live(console=Console(), refresh_per_second=2, transient=True) as live:
        shown = Progress(course, seconds, live)
        yield shown

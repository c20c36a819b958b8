"""The report: one HTML file that needs nothing else, its plots drawn as SVG, its figures also as JSON for programs."""

import html
import json
import math
from typing import Any

from tests.load.crowd import manner
from tests.load.crowd.plan import Plan
from tests.load.crowd.record import KINDS, Course, Times, added, percentile

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
COLOURS = {"p50": "#1b7f5c", "p95": "#c47f00", "p99": "#b3261e", "people": "#3b5ba9"}

WIDTH, HEIGHT, LEFT, BOTTOM = 860, 220, 60, 24
POINTS = 120
"""Points of a line at most; where there are more seconds, some share one."""

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 920px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .2rem .8rem .2rem 0; text-align: start; vertical-align: top; }
td.n { text-align: end; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; }
svg text { font-size: 11px; fill: currentColor; }
svg .grid { stroke: currentColor; stroke-opacity: .2; }
.good { color: #1b7f5c; } .bad { color: #b3261e; }
"""


def figures(course: Course, plan: Plan, attendees: int) -> dict[str, Any]:
    """All of it as plain values; times in ms."""
    times = {kind: {name: percentile(course.all(kind), share) for name, share in SHARES.items()} for kind in KINDS}
    return {
        "url": plan.url,
        "attendees": attendees,
        "seconds": course.last,
        "acks": dict(course.acks.most_common()),
        "errors": dict(course.errors.most_common()),
        "milliseconds": times,
        "measured": {kind: sum(course.all(kind).values()) for kind in KINDS},
        "checked": dict(course.checked),
        "lost": dict(course.lost),
        "examples": course.examples,
        "generator_late_ms": course.lag * 1e3,
    }


def page(course: Course, plan: Plan, attendees: int) -> str:
    told = figures(course, plan, attendees)
    lost = sum(told["lost"].values())
    verdict = f'<p class="bad">{lost} lost</p>' if lost else '<p class="good">Nothing was lost.</p>'
    checks = {what: f"{count} checked, {told['lost'].get(what, 0)} lost" for what, count in told["checked"].items()}
    checks |= {what: f"{count} lost" for what, count in told["lost"].items() if what not in checks}
    sections = [
        f"<h1>{attendees} attendees for {told['seconds']} s</h1><p>{html.escape(plan.url)}</p>",
        verdict,
        _table("What was looked at in the end", checks),
        *(f"<p class=bad>{html.escape(one)}</p>" for one in course.examples),
        _percentiles(told),
        *(
            f"<h2>{kind}</h2><p>{meaning}; over the seconds of the run</p>{_times(course.times[kind], course.last)}"
            for kind, meaning in KINDS.items()
        ),
        f"<h2>People</h2>{_people(course)}",
        _table("Acknowledged", told["acks"]),
        _table("Refused and failed, by code", told["errors"] or {"none": ""}),
        f"<p>The generator was late by {told['generator_late_ms']:.0f} ms at the worst: times are too long by up to as much.</p>",
        _table(f"How people behaved (all times divided by {plan.pace:g}; seed {plan.seed})", manner.stated()),
    ]
    data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>A crowd at Marquee</title>'
        f"<style>{STYLE}</style><body>{''.join(sections)}"
        f'<script type="application/json" id="figures">{data}</script></body></html>\n'
    )


def _table(title: str, rows: dict[str, Any]) -> str:
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td{' class=n' if isinstance(value, int) else ''}>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<h2>{html.escape(title)}</h2><table>{cells}</table>"


def _percentiles(told: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{kind}</th><td class=n>{told['measured'][kind]}</td>"
        + "".join(f"<td class=n>{'-' if at is None else format(at, '.1f')}</td>" for at in told["milliseconds"][kind].values())
        + "</tr>"
        for kind in KINDS
    )
    head = "".join(f"<th>{name}</th>" for name in SHARES)
    return f"<h2>Times in ms</h2><table><tr><th></th><th>measured</th>{head}</tr>{rows}</table>"


def _times(seconds: dict[int, Any], last: int) -> str:
    """The percentiles over time, on a logarithmic scale."""
    each = max(1, math.ceil((last + 1) / POINTS))
    groups: dict[int, Times] = {
        start: added(seconds[second] for second in range(start, start + each) if second in seconds) for start in range(0, last + 1, each)
    }
    lines = {
        name: [(start, at) for start, times in groups.items() if times and (at := percentile(times, share)) is not None]
        for name, share in SHARES.items()
    }
    found = [at for line in lines.values() for _, at in line]
    if not found:
        return "<p>nothing measured</p>"
    low, high = math.floor(math.log10(min(found))), math.ceil(math.log10(max(found) * 1.01))

    def y(at: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(at) - low) / (high - low) * (HEIGHT - BOTTOM - 10)

    marks = [(y(10**power), f"{10**power:g} ms") for power in range(low, high + 1)]
    return _plot({name: [(start, y(at)) for start, at in line] for name, line in lines.items()}, marks, last)


def _people(course: Course) -> str:
    most = max(course.connected.values(), default=0) or 1

    def y(count: float) -> float:
        return HEIGHT - BOTTOM - count / most * (HEIGHT - BOTTOM - 10)

    line = [(second, y(count)) for second, count in sorted(course.connected.items())]
    return _plot({"people": line}, [(y(0), "0"), (y(most), str(most))], course.last)


def _plot(lines: dict[str, list[tuple[int, float]]], marks: list[tuple[float, str]], last: int) -> str:
    """Lines of (second, height) with the marks of the heights."""

    def x(second: float) -> float:
        return LEFT + second / max(1, last) * (WIDTH - LEFT - 10)

    parts = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}"/><text x="2" y="{y + 4:.1f}">{text}</text>'
        for y, text in marks
    ]
    ends = {0: "start", last // 2: "middle", last: "end"}
    parts += [f'<text x="{x(second):.0f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{second} s</text>' for second, anchor in ends.items()]
    for number, (name, points) in enumerate(lines.items()):
        path = " ".join(f"{x(second):.1f},{height:.1f}" for second, height in points)
        colour = COLOURS[name]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x(points[0][0]):.1f}" cy="{points[0][1]:.1f}" r="2" fill="{colour}"/>'] if len(points) == 1 else []
        parts.append(f'<text x="{WIDTH - 60 * (number + 1)}" y="12" style="fill:{colour}">{name}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'

"""The load generator: a small crowd at a real server, the report of it, and what it would say if something were lost."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.patch import Doc
from tests.load.client import Client, Told
from tests.load.crowd.__main__ import arguments
from tests.load.crowd.attendee import Attendee, Said
from tests.load.crowd.crowd import Crowd, missing
from tests.load.crowd.plan import Plan
from tests.load.crowd.record import Course, Verdict, grade, percentile

ROOT = Path(__file__).parents[2]


def test_fifty_people_go_through_a_session_and_the_report_tells_of_it(tmp_path: Path) -> None:
    report = tmp_path / "crowd.html"
    options = ("--attendees", "50", "--minutes", "0.08", "--pace", "10", "--report", str(report))
    done = subprocess.run(
        (sys.executable, "-m", "tests.load.crowd", *options), cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *progress, summary = done.stdout.splitlines()
    assert all(line.startswith("crowd ") for line in progress)
    assert re.match(r"crowd attendees=50 seconds=\d+ acked=\d+ ack_p50_ms=\d+\.\d ", summary)
    told = figures(report)
    assert told["lost"] == {}
    assert (told["checked"]["people"], told["checked"]["sequences"]) == (50, 50)
    assert {"questions", "votes on questions", "ballots", "counts of polls", "counts of questions"} <= told["checked"].keys()
    assert {"join", "question.ask", "question.publish", "poll.vote", "reaction.send", "caption.commit"} <= told["acks"].keys()
    assert all(told["measured"][kind] >= least for kind, least in {"ack": 50, "delivery": 50, "reconnect": 3, "join": 50}.items())
    assert told["milliseconds"]["ack"]["p50"] <= told["milliseconds"]["ack"]["p99"]
    page = report.read_text()
    assert page.count("<svg") == 5
    assert not re.search(r"<link|src=|@import|url\(", page), "it needs nothing else"


def figures(report: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', report.read_text())
    assert found
    return dict(json.loads(found[1]))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("--url http://192.0.2.1 --code ABC", "--i-own-it"),
        ("--url http://127.0.0.1:8000", "needs the attendees' --code"),
        ("--attendees 20001", "1 to 20000 attendees"),
        ("--minutes 121", "up to 120 minutes"),
        ("--pace 0", "a pace of 0.1 to 20"),
    ],
)
def test_what_is_too_much_or_somebody_elses_is_refused(given: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(given.split())
    assert why in capsys.readouterr().err


PLAN = Plan("http://127.0.0.1:1", "CODE", "summit", "en", ["en", "es"], 1, 0, 0.0, 1.0, 1.0, 1)
MINE: Doc = {"questions": {"q1": {"text": "Why?"}}, "voted": {"q2": True}, "ballots": {"p1": ["a"]}, "cast": {"p2": True}}


@pytest.fixture
def attendee() -> Attendee:
    """One to whom a question, votes and ballots were acknowledged."""
    attendee = Attendee(Crowd(PLAN), 0)
    attendee.kept.questions["q1"] = "Why?"
    attendee.kept.votes |= {"q2": True, "q3": False}
    attendee.kept.ballots |= {"p1": ["a"], "p2": ["b"]}
    return attendee


def lost(attendee: Attendee, me: Doc | None) -> dict[str, int]:
    return {what: len(found) for what, _, found in missing(attendee, me) if found}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({}, {}),
        ({"questions": {}}, {"questions": 1}),
        ({"questions": {"q1": {"text": "Who?"}}}, {"questions": 1}),
        ({"voted": {}}, {"votes on questions": 1}),
        ({"voted": {"q2": True, "q3": True}}, {"votes on questions": 1}),
        ({"ballots": {"p1": ["b"]}}, {"ballots": 1}),
        ({"ballots": {}, "cast": {}}, {"ballots": 2}),
    ],
)
def test_what_was_acknowledged_and_is_not_there_is_lost(attendee: Attendee, changed: Doc, what: dict[str, int]) -> None:
    assert lost(attendee, MINE | changed) == what


def test_who_is_not_let_in_or_never_answered_or_skipped_an_update_is_counted(attendee: Attendee) -> None:
    assert lost(attendee, None) == {"people": 1}
    attendee.pending["k"] = Said("poll.vote", "p3/1", ["a"], b"{}")
    attendee.gaps = 2
    assert lost(attendee, MINE) == {"answers": 1, "gaps": 2}


async def test_a_client_sees_that_an_update_is_missing() -> None:
    client = Client("token", 1)

    def hear(type: str, epoch: str, seq: int) -> int:
        data = msgspec.json.encode(Told(type, "summit/public", epoch, seq))
        client.message(data, 0, len(data))
        return client.gaps

    assert [hear("snapshot", "e", 4), hear("poll.opened", "e", 5), hear("poll.closed", "e", 6)] == [0, 0, 0]
    assert hear("poll.opened", "e", 8) == 1
    assert hear("poll.opened", "f", 9) == 2
    assert hear("snapshot", "f", 1) == 2
    client.ready.cancel()


def test_counts_below_what_was_acknowledged_are_lost_and_above_are_somebody_elses() -> None:
    course = Course()
    course.add(0, Verdict({}, {}, [], {"p1": 3, "p2": 3}, {"q1": 2}))
    course.add(1, Verdict({}, {}, [], {"p1": 1}, {}))
    course.compare({"polls": {"p1": {"voters": 4}, "p2": {"voters": 2}}, "questions": {"q1": {"votes": 5}}})
    assert (course.checked["counts of polls"], dict(course.lost)) == (2, {"counts of polls": 1})
    assert course.examples == ["voters of p2: 3 acknowledged, 2 told"]


def test_percentiles_are_at_most_five_percent_too_long() -> None:
    times: dict[int, int] = {}
    for number in range(1, 1001):
        at = grade(number / 1000)
        times[at] = times.get(at, 0) + 1
    for share, exact in ((0.5, 500), (0.95, 950), (0.99, 990)):
        assert exact <= (percentile(times, share) or 0) <= exact * 1.05
    assert percentile({}, 0.5) is None

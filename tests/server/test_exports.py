"""A session as files: every script survives, no cell runs, nobody is named in what goes to research, and only who runs it may ask."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from frictionless import Package, system

from server.exports import sheet
from server.exports.sheet import Sheet, as_csv, as_json, as_xlsx
from server.exports.sheets import SHEETS
from sessions.people import RIGHTS, Role
from tests.server.site import SESSION, Site
from tests.server.test_community import forum

SCRIPTS = ["Où est l’été ?", "电影档案归谁所有？", "من يملك الأرشيف؟", "👩‍🚀 =1+1", "line\nline"]
SECRET = "Who is never heard?"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1"]


def rows() -> Sheet:
    return Sheet("texts", ["text", "count"], [[text, number] for number, text in enumerate(SCRIPTS + FORMULAS)])


def test_a_csv_keeps_every_script_and_runs_no_cell() -> None:
    text = "".join(as_csv(rows()))
    assert text.startswith("\ufeff")
    kept = list(csv.reader(io.StringIO(text[1:], newline="")))
    assert [row[0] for row in kept[1:]] == SCRIPTS + [f"'{text}" for text in FORMULAS]
    assert [row[1] for row in kept[1:3]] == ["0", "1"]


def test_a_workbook_keeps_every_script_and_every_text_a_text() -> None:
    with as_xlsx([rows()]) as file:
        book = openpyxl.load_workbook(io.BytesIO(file.read()))
    cells = list(book["texts"].iter_rows(min_row=2))
    assert [row[0].value for row in cells] == SCRIPTS + FORMULAS
    assert {row[0].data_type for row in cells} == {"s"}
    assert [row[1].value for row in cells] == list(range(len(cells)))


def test_rows_past_the_limit_are_left_out_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "ROWS_LIMIT", 2)
    assert "".join(as_csv(rows())).splitlines()[-1] == "9 rows more are left out,"
    assert len(json.loads("".join(as_json({"texts": rows()})))["texts"]) == 2


async def filled(site: Site) -> None:
    """Six people ask, chat, vote and propose; one moderates."""
    async with site.talk("moderator") as moderator:
        form = {"kind": "single", "texts": {"en": "Which?"}, "options": [{"id": id, "texts": {"en": id.upper()}} for id in "ab"]}
        poll = (await moderator.do("poll.create", form=form))["poll"]
        budget = (await moderator.do("poll.create", form=form | {"kind": "budget"}))["poll"]
        for one in (poll, budget):
            await moderator.do("poll.open", poll=one)
        for number in range(6):
            async with site.talk(person=f"person-{number}") as talk:
                question = await talk.ask(SCRIPTS[number % len(SCRIPTS)])
                await moderator.do("question.publish", question=question)
                await talk.do("poll.vote", poll=poll, ballot=["a"])
                await talk.do("poll.vote", poll=budget, ballot={"a": 100} if number else {"a": 60, "b": 40})
                if not number:
                    await moderator.do("question.publish", question=await talk.ask(SECRET, anonymous=True))
                await talk.do("chat.send", text=f"Hello {number}", lang="en")
        problem = (await moderator.do("problem.promote", question=question))["problem"]
        await moderator.do("problem.publish", problem=problem)
        await moderator.do("solution.propose", problem=problem, text="=A trust", lang="en")
        await moderator.do("announcement.compose", texts={"en": "Lunch."})
        for one in (poll, budget):
            await moderator.do("poll.close", poll=one)


async def fetch(site: Site, path: str, role: str = "organiser", status: int = 200) -> Any:
    answer = await site.http.get(f"/api/sessions/{SESSION}/{path}", headers=site.bearer(role))
    assert answer.status_code == status, answer.text
    return answer


async def test_a_session_is_exported_reported_and_anonymised(tmp_path: Path) -> None:
    async with forum(tmp_path) as site:
        await filled(site)
        for name in SHEETS:
            await fetch(site, f"exports/{name}.csv")
            told = (await fetch(site, f"exports/{name}.json")).json()[name]
            assert told or name in ("captions", "attendance", "ballots"), name
            assert not (told and name == "ballots"), "the poll is not by name"
        asked = (await fetch(site, "exports/questions.json")).json()["questions"]
        assert {one["text"] for one in asked} == {*SCRIPTS, SECRET}
        book = openpyxl.load_workbook(io.BytesIO((await fetch(site, "exports/all.xlsx")).content))
        assert book.sheetnames == list(SHEETS)
        report = (await fetch(site, "moderation-report.json")).json()
        assert (report["acts"]["question.publish"], report["waiting"]) == (7, 0)
        assert [one["name"] for one in report["moderators"]] == ["Moderator"] * len(report["moderators"])
        whole = json.dumps((await fetch(site, "exports/all.json")).json())
        assert "person-" not in whole
        package = (await fetch(site, "research.zip")).content
        held_by_the_standard(package, tmp_path / "package")
        again = (await fetch(site, "research.zip")).content
        assert people(package).isdisjoint(people(again))
        for name in ("nothing", "all"):
            await fetch(site, f"exports/{name}.csv", status=404)
        for role in Role:
            if role is not Role.ORGANISER and "session.read" in RIGHTS[role]:
                allowed = "export.read" in RIGHTS[role]
                for path in ("exports/chat.csv", "research.zip", "moderation-report.json"):
                    await fetch(site, path, role, 200 if allowed else 403)


def held_by_the_standard(package: bytes, folder: Path) -> None:
    """The descriptor and every cell are as the Data Package says, nobody is named, and small counts are not told."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(folder)
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    with system.use_context(trusted=True):
        checked = Package(str(folder / "datapackage.json")).validate()
    assert checked.valid, checked.to_summary()
    whole = "".join(texts.values())
    assert not any(name in whole for name in ("person-", "Attendee", "Moderator", "a-organiser"))
    questions = list(csv.DictReader(io.StringIO(texts["questions.csv"])))
    assert {row["lang"] for row in questions} <= {"", "en"}
    assert len({row["person"] for row in questions}) == 7, "who asked under their name too is not known by it"
    polls = list(csv.DictReader(io.StringIO(texts["polls.csv"])))
    assert [(row["option"], row["voters"], row["count"]) for row in polls] == [("a", "6", ""), ("b", "6", "")] * 2, "one gave all of b's"
    assert "'=A trust" in texts["problems.csv"]
    assert [row["messages"] for row in csv.DictReader(io.StringIO(texts["chat.csv"]))] == ["6"]


def people(package: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {row["person"] for row in csv.DictReader(io.StringIO(archive.read("questions.csv").decode()))}

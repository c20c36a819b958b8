"""What is acknowledged is in the database, once, in order; on SQLite and on PostgreSQL."""

import asyncio
import threading
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel

from server.migrating import config, migrate
from sessions import loading, tables
from sessions.database import away, connect
from sessions.errors import Overloaded
from sessions.store import Fenced, Store, Write
from tests.postgres import Postgres

S = "summit"


def person(id: str, **others: Any) -> Write:
    row = {"session": S, "role": "attendee", "name": "Ana", "lang": "es", "region": None, "sector": None, "joined_at": 1_700_000_000_000}
    return Write("person", {"id": id} | row | others)


def question(id: str = "q1", **others: Any) -> Write:
    row = {"session": S, "author": "ana", "author_name": "Ana", "text": "من يملك الأرشيف؟", "lang": "ar", "asked_at": 1_700_000_000_000}
    state = {
        "state": "pending",
        "answer_state": "unanswered",
        "version": 1,
        "labels": [],
        "similar": [],
        "translations": {},
        "corrections": {},
    }
    nothing = dict.fromkeys(("region", "edited_at", "original", "reason", "appeal", "answer", "answer_lang", "merged_into"))
    return Write("question", {"id": id} | row | state | nothing | others)


def poll(id: str = "p1") -> Write:
    options = [{"id": "a", "texts": {"en": "A"}}, {"id": "b", "texts": {"en": "B"}}]
    form = {"kind": "single", "texts": {"en": "Which?"}, "options": options}
    row = {"state": "open", "order": 1, "round": 1, "opened_at": 1, "paused_at": None, "form": form, "held": {}}
    return Write("poll", {"id": id, "session": S} | row)


def ballot(person: str, given: Any, poll: str = "p1", round: int = 1, key: str = "k-vote", name: str | None = None) -> Write:
    return Write("ballot", {"poll": poll, "round": round, "person": person, "ballot": given, "key": key, "name": name})


def reply(person: str, key: str, result: str = "{}", at: int = 1) -> Write:
    return Write("reply", {"person": person, "key": key, "session": S, "result": result, "at": at})


def cue(number: int, lang: str = "en") -> Write:
    return Write("cue", {"session": S, "lang": lang, "number": number, "cue": {"text": f"line {number}"}})


BROKEN = Write("person", person("broken").params | {"role": None})
"""A row that no database takes."""


async def held(db: Store) -> loading.Held:
    return await db.read(lambda connection: loading.held(connection, S))


async def count(db: Store, row: type[SQLModel]) -> int:
    table = row.__table__  # type: ignore[attr-defined]
    return await db.read(lambda connection: connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_the_migrations_make_exactly_the_tables_that_are_declared(url: str) -> None:
    engine = connect(url)
    migrate(engine)
    migrate(engine)  # and a second start finds nothing to do
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.SQLModel.metadata) == []
    engine.dispose()


def test_answered_questions_of_the_first_schema_are_carried_over_and_back(url: str) -> None:
    engine = connect(url)
    command.upgrade(config(engine), "0001")
    columns = "id, session, author, text, lang, asked_at, state, answered, answer, translations"
    insert = text(
        f"INSERT INTO question ({columns}) VALUES (:id, :session, 'ana', 'Why?', 'en', 1, 'published', :answered, :answer, :texts)"
    )
    row = {"session": S, "texts": '{"es": "¿Por qué?"}'}
    with engine.begin() as connection:
        for id, answered, answer in (("q1", True, "Because."), ("q2", False, None)):
            connection.execute(insert, row | {"id": id, "answered": answered, "answer": answer})
    migrate(engine)
    with engine.connect() as connection:
        first, second = loading.held(connection, S).questions.items.values()
    assert (first.answer_state, first.answer, first.version, first.labels) == ("answered", "Because.", 1, [])
    assert (second.answer_state, second.translations, second.corrections) == ("unanswered", {"es": "¿Por qué?"}, {})
    command.downgrade(config(engine), "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM question WHERE answered")).scalars().all() == ["q1"]
    engine.dispose()


def test_of_past_versions_only_what_is_known_to_be_public_counts_as_such(url: str) -> None:
    engine = connect(url)
    command.upgrade(config(engine), "0015")
    columns = 'id, session, author, text, lang, asked_at, state, answer_state, version, labels, "similar", translations, corrections'
    with engine.begin() as db:
        for id, state in (("q1", "published"), ("q2", "withdrawn")):
            values = f"'{id}', 's', 'ana', 'Why?', 'en', 1, '{state}', 'unanswered', 1, '[]', '[]', '{{}}', '{{}}'"
            db.execute(text(f"INSERT INTO question (answer_translations, {columns}) VALUES ('{{}}', {values})"))
        for id, state in (("p1", "published"), ("p2", "draft")):
            db.execute(text(f"INSERT INTO problem VALUES ('{id}', 's', 'mo', 'q{id[1]}', '{state}')"))
        for of, number, words in (("p1", 1, "So: Why?"), ("p1", 2, "Ours."), ("p2", 1, "Why?"), ("s1", 1, "Thus."), ("s1", 2, "Or so.")):
            db.execute(text(f"INSERT INTO version VALUES ('{of}', {number}, 's', '{words}', 'en', 1, '{{}}')"))
        db.execute(text("INSERT INTO person (id, session, role, lang, joined_at) VALUES ('mo', 's', 'moderator', 'en', 1)"))
        for person in ("mo", "nobody"):
            hand = f"'{person}', 's', '{person}', 'en', 1, 1, 'waiting'"
            db.execute(text(f"INSERT INTO hand (id, session, person, lang, raised_at, place, state) VALUES ({hand})"))
    migrate(engine)
    with engine.connect() as db:
        marks = db.execute(text("SELECT of, number, public, quotes FROM version ORDER BY of, number")).all()
        problems = db.execute(text("SELECT id, taken_back FROM problem ORDER BY id")).all()
        roles = db.execute(text("SELECT id, role FROM hand ORDER BY id")).all()
    assert [tuple(row) for row in marks] == [
        ("p1", 1, False, True),
        ("p1", 2, True, False),
        ("p2", 1, False, True),
        ("s1", 1, True, False),
        ("s1", 2, True, False),
    ]
    assert [tuple(row) for row in problems] == [("p1", False), ("p2", True)]
    assert [tuple(row) for row in roles] == [("mo", "moderator"), ("nobody", "attendee")]
    command.downgrade(config(engine), "0015")
    engine.dispose()


def test_polls_and_ballots_of_the_first_schema_are_carried_over_and_back(url: str) -> None:
    engine = connect(url)
    command.upgrade(config(engine), "0002")
    options = '[{"id": "a", "texts": {"en": "A"}}, {"id": "b", "texts": {"en": "B"}}]'
    with engine.begin() as db:
        db.execute(
            text("INSERT INTO poll VALUES ('p1', 'summit', 'multiple', 'open', :texts, :options, 2, 'published', 1)"),
            {"texts": '{"en": "Which?"}', "options": options},
        )
        db.execute(text("INSERT INTO ballot VALUES ('p1', 'bo', :choices)"), {"choices": '["b", "a"]'})
    migrate(engine)
    with engine.connect() as db:
        item = loading.held(db, S).polls.items["p1"]
    assert (item.form.kind, item.form.rules.max_choices, item.form.results_visibility) == ("multiple", 2, "moderators")
    assert (item.ballots, item.tally.result().counts, item.state) == ({"bo": ["b", "a"]}, {"a": 1, "b": 1}, "open")
    command.downgrade(config(engine), "0002")
    with engine.connect() as db:
        assert db.execute(text("SELECT kind, max_choices, results FROM poll")).all() == [("multiple", 2, "published")]
        assert db.execute(text("SELECT poll, person FROM ballot")).all() == [("p1", "bo")]
    migrate(engine)
    engine.dispose()


async def test_what_was_written_is_read_back(store: Store) -> None:
    await store.write(person("ana"), question(translations={"en": "Who owns the archive?"}), poll())
    await store.write(
        Write("question.vote", {"question": "q1", "person": "bo"}),
        Write("stage", {"session": S, "question": "q1", "slow": 30}),
        ballot("bo", ["a"]),
        Write("reaction", {"session": S, "kind": "applause", "count": 3_000_000_000}),
        reply("bo", "k1", '{"ok":true}'),
    )
    kept = await held(store)
    asked = kept.questions.items["q1"]
    assert (asked.text, asked.votes, asked.translations) == ("من يملك الأرشيف؟", {"bo"}, {"en": "Who owns the archive?"})
    assert (kept.questions.stage, kept.questions.slow) == ("q1", 30)
    assert kept.polls.items["p1"].ballots == {"bo": ["a"]}
    assert kept.polls.items["p1"].tally.result().counts == {"a": 1, "b": 0}
    assert kept.reactions.counts["applause"] == 3_000_000_000
    assert kept.replies == {("bo", "k1"): ('{"ok":true}', None), ("bo", "k-vote"): ("{}", None)}, "a ballot answers for its own key"


async def test_a_session_reads_only_what_is_its_own(store: Store) -> None:
    await store.write(question(), question("q2", session="other"), Write("question.vote", {"question": "q2", "person": "bo"}))
    kept = await held(store)
    assert list(kept.questions.items) == ["q1"]
    assert kept.questions.items["q1"].votes == set()


async def test_writing_the_same_again_changes_nothing(store: Store) -> None:
    job = (
        person("ana"),
        question(),
        Write("question.vote", {"question": "q1", "person": "bo"}),
        poll(),
        ballot("bo", ["a"]),
        reply("bo", "k"),
    )
    for _ in range(3):
        await store.write(*job)
    assert [await count(store, row) for row in (tables.PersonRow, tables.QuestionVoteRow, tables.BallotRow, tables.ReplyRow)] == [1] * 4


async def test_a_person_has_one_ballot_whatever_they_send(store: Store) -> None:
    await store.write(poll())
    await asyncio.gather(*(store.write(ballot("bo", [choice])) for choice in "abababab"))
    assert await count(store, tables.BallotRow) == 1
    assert (await held(store)).polls.items["p1"].ballots == {"bo": ["b"]}, "the last one holds"


@pytest.mark.parametrize("given", [["a", "b"], ["电影", 'O\'Neill "x"'], 4, -1, {"a": 7, "b": 0}])
async def test_a_ballot_of_any_shape_is_read_back(store: Store, given: Any) -> None:
    await store.write(ballot("bo", given, name="Bo 电影"), ballot("cy", given))
    table = tables.BallotRow.__table__  # type: ignore[attr-defined]
    rows = await store.read(lambda db: db.execute(select(table.c.person, table.c.ballot, table.c.name).order_by(table.c.person)).all())
    assert rows == [("bo", given, "Bo 电影"), ("cy", given, None)]


async def test_only_the_ballots_of_the_last_round_count(store: Store) -> None:
    second = poll()
    second.params["round"] = 2
    await store.write(second, ballot("bo", ["a"], round=1), ballot("bo", ["b"], round=2), ballot("cy", ["a"], round=1))
    assert (await held(store)).polls.items["p1"].ballots == {"bo": ["b"]}


async def test_the_database_itself_refuses_a_second_ballot(store: Store) -> None:
    table = tables.BallotRow.__table__  # type: ignore[attr-defined]

    def twice(connection: Connection) -> None:
        for _ in range(2):
            connection.execute(table.insert().values(poll="p1", round=1, person="bo", ballot=["a"], key="k"))

    with pytest.raises(IntegrityError):
        await store.read(twice)


async def test_the_first_reply_to_a_key_stays(store: Store) -> None:
    await store.write(reply("bo", "k", '{"n":1}'))
    await store.write(reply("bo", "k", '{"n":2}'))
    assert (await held(store)).replies == {("bo", "k"): ('{"n":1}', None)}


async def test_replies_come_back_oldest_first_and_only_the_newest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "REPLIES_LIMIT", 2)
    await store.write(*(reply("bo", f"k{at}", at=at) for at in (3, 1, 2)))
    assert list((await held(store)).replies) == [("bo", "k2"), ("bo", "k3")]


async def test_the_last_cues_come_back_oldest_first(store: Store) -> None:
    await store.write(*(cue(number) for number in range(1, 6)), cue(9, "es"))
    assert [number for number, _ in await store.read(lambda db: loading.cues(db, S, "en", 3))] == [3, 4, 5]
    assert [number for number, _ in await store.read(lambda db: loading.cues(db, S, "en"))] == [1, 2, 3, 4, 5]
    assert await store.read(lambda db: loading.cues(db, S, "en", 1)) == [(5, {"text": "line 5"})]


async def test_a_crowd_shares_commits_and_hears_in_the_order_it_spoke(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    commit = store._execute
    monkeypatch.setattr(store, "_execute", lambda group: (commits.append(len(group)), commit(group)))
    await store.write(poll())
    told: list[int] = []
    all_told = asyncio.Event()

    def done(number: int, error: Exception | None) -> None:
        assert error is None
        told.append(number)
        if len(told) == 500:
            all_told.set()

    for number in range(500):
        store.submit([ballot(f"p{number}", ["a"]), reply(f"p{number}", "k")], lambda error, number=number: done(number, error))  # type: ignore[misc]
    await all_told.wait()
    assert told == list(range(500))
    assert sum(commits) == 501
    assert len(commits) < 50, "most went along with others"
    assert await count(store, tables.BallotRow) == 500


async def test_a_job_that_fails_takes_no_neighbour_down_and_leaves_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    results = await asyncio.gather(
        store.write(person("a")), store.write(person("b"), BROKEN), store.write(person("c")), return_exceptions=True
    )
    assert results[0] is None
    assert isinstance(results[1], IntegrityError)
    assert results[2] is None
    ids = tables.PersonRow.__table__.c.id  # type: ignore[attr-defined]
    assert await store.read(lambda db: sorted(db.execute(select(ids)).scalars())) == ["a", "c"], "b's job is all or nothing"
    assert "a write failed" in caplog.text


async def test_a_writer_that_cannot_keep_up_refuses_before_anything_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions.store.JOBS_LIMIT", 3)
    held_up, go_on = threading.Event(), threading.Event()
    execute = store._execute

    def slow(group: Any) -> None:
        held_up.set()
        go_on.wait(10)
        execute(group)

    monkeypatch.setattr(store, "_execute", slow)
    writes = [asyncio.create_task(store.write(person(str(number)))) for number in range(3)]
    await asyncio.to_thread(held_up.wait, 10)
    with pytest.raises(Overloaded):
        await store.write(person("late"))
    go_on.set()
    await asyncio.gather(*writes)
    await store.write(person("later"))
    assert await count(store, tables.PersonRow) == 4


async def test_who_stops_waiting_does_not_stop_the_write(store: Store) -> None:
    task = asyncio.create_task(store.write(person("ana")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write(person("bo"))
    assert await count(store, tables.PersonRow) == 2


async def test_leaving_commits_what_is_queued(url: str) -> None:
    told: list[Exception | None] = []
    first = Store(url)
    await asyncio.to_thread(migrate, first.engine)
    async with first:
        for number in range(100):
            first.submit([person(str(number))], told.append)
    assert told == [None] * 100
    async with Store(url) as second:
        assert await count(second, tables.PersonRow) == 100


async def test_what_belongs_to_an_earlier_term_is_not_written_and_takes_no_neighbour_along(store: Store) -> None:
    first, other = await store.reign(S), await store.reign("other")
    await store.write(person("ana"), term=first)
    second = await store.reign(S)
    assert second.number == first.number + 1
    terms = {"ben": first, "cy": second, "dora": other, "eva": None, "finn": first}
    results = await asyncio.gather(*(store.write(person(id), term=term) for id, term in terms.items()), return_exceptions=True)
    assert [type(result) for result in results] == [Fenced, type(None), type(None), type(None), Fenced]
    kept = await store.read(lambda db: set(db.execute(select(tables.PersonRow.__table__.c.id)).scalars()))  # type: ignore[attr-defined]
    assert kept == {"ana", "cy", "dora", "eva"}


async def test_a_term_begins_behind_the_writes_of_the_one_before_that_are_being_committed(url: str, store: Store) -> None:
    """Two processes at one database: whatever the second reads after its term has begun stays so."""
    term = await store.reign(S)
    async with Store(url) as second:
        writing = [asyncio.create_task(store.write(person(f"p{number}"), term=term)) for number in range(200)]
        await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
        await second.reign(S)
        seen = await second.read(lambda db: db.execute(text("SELECT count(*) FROM person")).scalar())
        results = await asyncio.gather(*writing, return_exceptions=True)
    assert seen == sum(result is None for result in results)
    assert {type(result) for result in results} <= {type(None), Fenced}


async def test_who_stops_in_a_transaction_loses_it_and_others_go_on(postgresql: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions.database.IDLE", 300)
    url = postgresql.database()
    async with Store(url) as db:
        migrate(db.engine)
        with connect(url).connect() as stopped:
            stopped.execute(text("LOCK TABLE person"))
            await db.write(person("ana"))
            with pytest.raises(DBAPIError) as lost:
                stopped.execute(text("SELECT 1"))
        assert away(lost.value)
        assert await count(db, tables.PersonRow) == 1

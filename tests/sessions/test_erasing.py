"""Erasing and taking along in both databases: what a person wrote is gone, what they chose is somebody's who never was."""

from functools import partial

from sqlalchemy import text

from sessions import erasing, loading, personal
from sessions.store import Store, Write
from tests.sessions.test_store import S, ballot, person, poll, question

VOTES = text("SELECT person FROM question_vote ORDER BY question")


async def test_a_persons_words_go_and_their_votes_are_nobodys(store: Store) -> None:
    mine = {"author": "ana", "author_name": "Ana", "original": "Who?", "state": "published"}
    await store.write(person("ana"), question(**mine), question("q2", author="bo", merged_into="q1"), poll(), ballot("ana", ["a"]))
    await store.write(*(Write("question.vote", {"question": id, "person": "ana"}) for id in ("q1", "q2")))
    held = await store.read(partial(personal.held, person="ana"))
    assert [len(held[name]) for name in ("person", "questions", "question_votes", "ballots")] == [1, 1, 2, 1]

    await store.write(*(Write(name, {"person": "ana"}) for name in erasing.STATEMENTS))
    await store.scrub()
    held = await store.read(partial(personal.held, person="ana"))
    assert not any(held.values())
    kept = await store.read(partial(loading.held, session=S))
    first, second = kept.questions.items["q1"], kept.questions.items["q2"]
    assert (first.text, first.author_name, first.original, first.state, first.translations) == ("", None, None, "withdrawn", {})
    assert second.merged_into is None
    assert kept.polls.items["p1"].tally.result().counts == {"a": 1, "b": 0}
    voters = await store.read(lambda db: db.execute(VOTES).scalars().all())
    assert len(set(voters)) == 2, "two votes cannot be put together"
    assert "ana" not in voters


async def test_erasing_twice_changes_nothing(store: Store) -> None:
    await store.write(question(author="ana"))
    for _ in range(2):
        await store.write(*(Write(name, {"person": "ana"}) for name in erasing.STATEMENTS))
    (kept,) = (await store.read(partial(loading.held, session=S))).questions.items.values()
    assert kept.version == 2

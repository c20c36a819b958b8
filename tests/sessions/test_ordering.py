"""The fair order: every region and language is heard in turn."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from sessions import merging
from sessions.ordering import fair
from sessions.questions import Questions
from tests.sessions.making import question


def ask(id: str, region: str | None, votes: int = 0, **others: Any) -> Any:
    voters = {f"v{number}" for number in range(votes)}
    return question(id, **({"state": "published", "region": region, "votes": voters} | others))


def order(*items: Any, stage: str | None = None) -> list[str]:
    return [item.id for item in fair(Questions(list(items), stage))]


def test_the_next_is_of_the_region_heard_least_whatever_the_votes() -> None:
    many = [ask(f"eu{number}", "Europe", votes=90 + number) for number in range(3)]
    assert order(*many, ask("af", "Africa", 1), ask("as", "Asia", 2)) == ["eu2", "as", "af", "eu1", "eu0"]


def test_who_was_heard_waits() -> None:
    heard = ask("eu0", "Europe", answer_state="answered")
    assert order(heard, ask("eu1", "Europe", 50), ask("af", "Africa")) == ["af", "eu1"]
    assert order(ask("eu0", "Europe"), ask("eu1", "Europe", 50), ask("af", "Africa"), stage="eu0") == ["af", "eu1"]


def test_where_regions_are_equal_the_language_heard_least_comes_next() -> None:
    assert order(ask("en1", None, 9), ask("en2", None, 8), ask("sw", None, 1, lang="sw")) == ["en1", "sw", "en2"]


def test_a_region_is_the_same_in_any_spelling_of_case_and_space() -> None:
    assert order(ask("1", " East  Africa", 3), ask("2", "east africa", 2), ask("3", "Asia", 1)) == ["1", "3", "2"]


def test_within_a_group_the_most_wanted_comes_first_then_the_oldest() -> None:
    assert order(ask("late", "Asia", 1, asked_at=9), ask("early", "Asia", 1, asked_at=1), ask("wanted", "Asia", 2)) == [
        "wanted",
        "early",
        "late",
    ]


def test_what_waits_for_a_moderator_or_stands_behind_another_is_not_in_it() -> None:
    questions = Questions([ask("1", "Asia"), ask("2", "Asia"), ask("3", "Asia", state="pending"), ask("4", "Asia", state="archived")])
    merging.merge(questions, "2", "1")
    assert [item.id for item in fair(questions)] == ["1"]


@given(some.lists(some.tuples(some.sampled_from(["Africa", "Asia", "Europe", None]), some.integers(0, 5)), max_size=30))
@settings(deadline=None, max_examples=100)
def test_while_a_region_waits_no_other_is_heard_twice_more(asked: list[tuple[str | None, int]]) -> None:
    items = [ask(str(number), region, votes) for number, (region, votes) in enumerate(asked)]
    waiting, heard = Counter(item.region for item in items), Counter()
    for item in fair(Questions(items)):
        assert all(heard[item.region] <= heard[region] for region in waiting if waiting[region])
        heard[item.region] += 1
        waiting[item.region] -= 1
    assert heard == Counter(item.region for item in items)

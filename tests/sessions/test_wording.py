"""The words of questions: translations by a machine and by people, and words that are watched for."""

import pytest

from sessions import wording
from sessions.errors import Invalid, RuleError, TooLong, TooMany
from sessions.questions import Questions
from sessions.wording import CORRECTIONS_LIMIT, WATCH_LIMIT, WATCHED_LIMIT, WORD_LIMIT
from tests.sessions.making import question

CODES = [f"{one}{two}" for one in "abcdefgh" for two in "abcdefgh"]


def flagged(text: str, lang: str, words: list[str], watched: str = "", **others: dict[str, str]) -> list[str]:
    questions = Questions([question(text=text, lang=lang, **others)])
    wording.watch(questions, watched or lang, words)
    return wording.flagged(questions, questions.find("q1"))


def test_a_persons_translation_stands_before_the_machines_and_the_machine_cannot_take_it_away() -> None:
    questions = Questions([question(translations={"fr": "Qui a l'archive ?"})])
    item = wording.correct(questions, "q1", "FR", "À qui appartiennent les archives ?")
    assert wording.translated(questions, "q1", "fr", "Qui possède ?", of=item.text)
    assert item.texts == {"en": item.text, "fr": "À qui appartiennent les archives ?"}
    with pytest.raises(Invalid):
        wording.correct(questions, "q1", "en", "Not what was asked")


def test_there_is_a_limit_to_languages_that_are_written_by_hand() -> None:
    questions = Questions([question()])
    for code in CODES[:CORRECTIONS_LIMIT]:
        wording.correct(questions, "q1", code, "Why?")
    with pytest.raises(TooMany):
        wording.correct(questions, "q1", "zu", "Why?")
    wording.correct(questions, "q1", CODES[0], "Why so?")


def test_a_translation_of_words_that_were_edited_meanwhile_is_not_wanted() -> None:
    questions = Questions([question()])
    assert not wording.translated(questions, "q1", "fr", "Pourquoi ?", of="Why?")
    assert not wording.translated(questions, "q9", "fr", "Pourquoi ?", of="Why?")
    assert questions.find("q1").translations == {}


def test_a_written_answer_is_translated_too_until_it_is_another() -> None:
    questions = Questions([question(state="published")])
    item = questions.answer("q1", "Its members.", "en")
    assert wording.translated(questions, "q1", "es", "Sus miembros.", of="Its members.")
    assert (item.answer_translations, item.translations) == ({"es": "Sus miembros."}, {})
    assert questions.answer("q1", "Nobody.", "en").answer_translations == {}
    assert not wording.translated(questions, "q1", "es", "Sus miembros.", of="Its members.")
    assert questions.reopen("q1").answer_lang is None


@pytest.mark.parametrize(
    ("text", "lang", "word"),
    [
        ("Where is the MONEY?", "en", "money"),
        ("¿Y el dinero, dónde está?", "es", "Dinero"),
        ("أين المال؟", "ar", "المال"),
        ("第二部电影的资金从哪里来？", "zh", "资金"),
        ("Ｍｏｎｅｙ first", "en", "money"),
        ("Is it pay-to-play?", "en", "pay to play"),
        ("هذا سيـــئ", "ar", "سيّئ"),
        ("So much mo\u200dn\u00adey", "en", "money"),
    ],
)
def test_a_watched_word_is_found_in_any_script_case_and_punctuation(text: str, lang: str, word: str) -> None:
    assert flagged(text, lang, ["nothing", word]) == [word]


@pytest.mark.parametrize(("text", "word"), [("Scunthorpe has a cinema", "thor"), ("Analyse this", "anal"), ("Why?", "y")])
def test_a_part_of_a_word_is_not_that_word_where_words_stand_apart(text: str, word: str) -> None:
    assert flagged(text, "en", [word]) == []


def test_each_language_has_words_of_its_own_and_translations_count() -> None:
    assert flagged("Die Art", "de", ["die"], watched="en") == []
    assert flagged("¿Y el dinero?", "es", ["money"], watched="en", translations={"en": "And the money?"}) == ["money"]
    assert flagged("And the money?", "en-GB", ["money"], watched="en-US") == ["money"]


@pytest.mark.parametrize(
    ("lang", "words", "error"),
    [
        ("en", ["x" * (WORD_LIMIT + 1)], TooLong),
        ("en", [f"w{number}" for number in range(WATCHED_LIMIT + 1)], TooMany),
        ("en", ["?!"], Invalid),
        ("no language", ["x"], Invalid),
    ],
)
def test_a_list_past_its_limits_is_refused_and_the_one_before_stays(lang: str, words: list[str], error: type[RuleError]) -> None:
    questions = Questions([])
    wording.watch(questions, "en", ["money"])
    with pytest.raises(error):
        wording.watch(questions, lang, words)
    assert {lang: list(words) for lang, words in questions.watched.items()} == {"en": ["money"]}


def test_there_is_a_limit_to_languages_that_are_watched() -> None:
    questions = Questions([])
    for code in CODES[:WATCH_LIMIT]:
        wording.watch(questions, code, ["x"])
    with pytest.raises(TooMany):
        wording.watch(questions, "zu", ["x"])
    wording.watch(questions, CODES[0], [])
    wording.watch(questions, "zu", ["x"])

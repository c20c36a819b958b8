"""The words of questions: their translations by machine and by hand, and words that moderators watch for. Pure.

A watched word is a hint to who moderates, in the languages it was listed for; it decides nothing. Where a script writes words
apart only whole words count, elsewhere any place.
"""

import regex

from sessions.errors import Invalid, TooMany
from sessions.questions import Question, Questions
from sessions.similarity import bare
from sessions.text import clean, language

TRANSLATION_LIMIT = 900
"""Graphemes of a translation somebody wrote: some languages need three times the room."""

CORRECTIONS_LIMIT = 30
"""Languages in which somebody wrote a question's translation; past it TooMany."""

WATCH_LIMIT, WATCHED_LIMIT, WORD_LIMIT = 30, 200, 40
"""Languages with watched words, words in one of them, and graphemes of a word; more or longer ones are refused."""

_UNSPACED = regex.compile(r"[\p{Script=Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def correct(questions: Questions, id: str, lang: str, text: str) -> Question:
    """A translation by a person, instead of the machine's."""
    question, lang = questions.find(id), language(lang)
    if lang == question.lang:
        raise Invalid("the question was asked in this language: its words are its author's own")
    corrections = question.corrections | {lang: clean(text, TRANSLATION_LIMIT, "the translation")}
    if len(corrections) > CORRECTIONS_LIMIT:
        raise TooMany(f"a question takes {CORRECTIONS_LIMIT} translations at most")
    return questions.set(question, corrections=corrections)


def translated(questions: Questions, id: str, lang: str, text: str, of: str) -> bool:
    """The machine's translation of the words `of`, the question's or its answer's. Whether it is wanted: they may be others meanwhile."""
    question = questions.items.get(id)
    if question is None or of not in (question.text, question.answer):
        return False
    if of == question.text:
        question.translations[lang] = text
    if of == question.answer:
        question.answer_translations[lang] = text
    return True


def watch(questions: Questions, lang: str, words: list[str]) -> None:
    """Watch for these words in a language, instead of those before; none ends it."""
    lang = language(lang).partition("-")[0]
    forms = {word: _form(word) for word in (clean(word, WORD_LIMIT, "the word") for word in words)}
    if len(forms) > WATCHED_LIMIT:
        raise TooMany(f"{WATCHED_LIMIT} words of a language are watched at most")
    if len(questions.watched.keys() | {lang}) > WATCH_LIMIT:
        raise TooMany(f"words are watched in {WATCH_LIMIT} languages at most")
    if forms:
        questions.watched[lang] = forms
    else:
        questions.watched.pop(lang, None)


def flagged(questions: Questions, question: Question) -> list[str]:
    """The watched words that a question holds, each language's in the text of that language."""
    found: dict[str, None] = {}
    for lang, text in question.texts.items():
        if forms := questions.watched.get(lang.partition("-")[0]):
            said = f" {bare(text)} "
            found |= dict.fromkeys(word for word, form in forms.items() if form in said)
    return list(found)


def _form(word: str) -> str:
    """A word as it is looked for: with its ends, where its script has any."""
    form = bare(word)
    if not form:
        raise Invalid(f"there is nothing to look for in {word!r}")
    return form if _UNSPACED.search(form) else f" {form} "

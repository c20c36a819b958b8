"""What the audience does to the questions of a session: ask, edit, withdraw, appeal, vote. Pure; the tables are in `questions.py`."""

from sessions.errors import Conflict, TooMany, TooSoon
from sessions.questions import TEXT_LIMIT, Question, Questions
from sessions.text import clean, language

PENDING_LIMIT = 5
"""Questions of one person that wait for a moderator; past it TooMany."""

PERSON_LIMIT = 50
"""Questions of one person in a session, whatever became of them; past it TooMany."""

QUESTIONS_LIMIT = 1000
"""Questions of one session; past it TooMany."""

CHANGES_LIMIT = 100
"""Versions of a question; one that has changed so often is edited no more: TooMany."""

APPEAL_LIMIT = 300
"""Graphemes of an appeal; a longer one is refused."""


def ask(
    questions: Questions, id: str, author: str, text: str, lang: str, now: int, *, name: str | None = None, region: str | None = None
) -> Question:
    """A new question waits for a moderator. Raises Invalid, TooLong, TooMany, TooSoon."""
    _may_ask(questions, author, now)
    question = Question(
        id=id,
        author=author,
        author_name=name,
        region=region,
        text=clean(text, TEXT_LIMIT, "the question"),
        lang=language(lang),
        asked_at=now,
        translations={},
        votes=set(),
    )
    questions.items[id] = question
    return question


def _may_ask(questions: Questions, author: str, now: int) -> None:
    if len(questions.items) >= QUESTIONS_LIMIT:
        raise TooMany(f"a session takes {QUESTIONS_LIMIT} questions at most")
    mine = [question for question in questions.items.values() if question.author == author]
    if len(mine) >= PERSON_LIMIT:
        raise TooMany(f"a person asks {PERSON_LIMIT} questions in a session at most")
    if sum(question.state == "pending" for question in mine) >= PENDING_LIMIT:
        raise TooMany(f"{PENDING_LIMIT} of your questions are waiting for a moderator already")
    wait = questions.slow * 1000 - min((now - question.asked_at for question in mine), default=questions.slow * 1000)
    if wait > 0:
        raise TooSoon(f"slow mode: one question every {questions.slow} seconds", -(-wait // 1000))


def edit(questions: Questions, id: str, person: str, text: str, lang: str, now: int) -> Question:
    """Other words, for which a moderator has to look again. Votes stay; translations and what was merged into it do not."""
    question = questions.own(id, person)
    to = questions.to(question, "edit")
    if question.answer_state != "unanswered":
        raise Conflict(f"question {id} is {question.answer_state}")
    text, lang = clean(text, TEXT_LIMIT, "the question"), language(lang)
    if (text, lang) == (question.text, question.lang):
        return question
    if question.version >= CHANGES_LIMIT:
        raise TooMany(f"a question that has changed {CHANGES_LIMIT} times is not edited any more")
    questions.release(question)
    question.translations, question.similar, question.edited_at = {}, [], now
    original = question.original or question.text
    return questions.set(question, state=to, merged_into=None, text=text, lang=lang, original=original, corrections={})


def withdraw(questions: Questions, id: str, person: str) -> Question:
    """Take one's question back. What was merged into it stands for itself again."""
    question = questions.own(id, person)
    to = questions.to(question, "withdraw")
    questions.release(question)
    return questions.set(question, state=to, merged_into=None)


def appeal(questions: Questions, id: str, person: str, text: str) -> Question:
    """Ask a moderator to look again at what was dismissed, alone or with the question it was merged into. Once only."""
    question = questions.own(id, person)
    root = questions.root(question)
    to = questions.to(root, "appeal")
    if question.appeal is not None:
        raise Conflict(f"question {id} was appealed already, which is done once")
    return questions.set(question, state=to, reason=root.reason, merged_into=None, appeal=clean(text, APPEAL_LIMIT, "the appeal"))


def vote(questions: Questions, id: str, person: str, on: bool) -> Question:
    """Put a person's vote on a question that everyone sees or take it off. Says how it shall be: a repeat changes nothing."""
    question = questions.seen(id)
    if on:
        question.votes.add(person)
    else:
        for one in questions.family(question):
            one.votes.discard(person)
    return question

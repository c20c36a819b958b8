"""Whom to hear next: the people of every region and language in turn, not only the most numerous. Pure."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

from sessions.questions import Question, Questions

Group = tuple[str, str]


def fair(questions: Questions) -> Iterator[Question]:
    """The published questions that wait for an answer, each time the next of the region heard least, then of the language heard least.

    Regions are as the authors declared them; who declared none is of one more. Within a region and language the most wanted
    comes first, then the oldest. Heard are those being answered, answered, or on the stage.
    """
    waiting = _waiting(questions)
    regions, languages = _heard(questions)
    while waiting:
        region, lang = min(waiting, key=lambda group: (regions[group[0]], languages[group[1]], _rank(questions, waiting[group][-1])))
        question = waiting[region, lang].pop()
        if not waiting[region, lang]:
            del waiting[region, lang]
        regions[region] += 1
        languages[lang] += 1
        yield question


def _waiting(questions: Questions) -> dict[Group, list[Question]]:
    """By group, the next one last."""
    groups: defaultdict[Group, list[Question]] = defaultdict(list)
    for question in questions.items.values():
        if question.public and not _is_heard(questions, question):
            groups[_group(question)].append(question)
    for group in groups.values():
        group.sort(key=lambda question: _rank(questions, question), reverse=True)
    return dict(groups)


def _heard(questions: Questions) -> tuple[Counter[str], Counter[str]]:
    groups = [_group(question) for question in questions.items.values() if _is_heard(questions, question)]
    return Counter(region for region, _ in groups), Counter(lang for _, lang in groups)


def _is_heard(questions: Questions, question: Question) -> bool:
    return question.answer_state != "unanswered" or question.id == questions.stage


def _rank(questions: Questions, question: Question) -> tuple[int, int, str]:
    return -questions.votes(question), question.asked_at, question.id


def _group(question: Question) -> Group:
    """People write their region as they like: one word in any case and form of its letters is one region."""
    region = unicodedata.normalize("NFKC", question.region or "").casefold()
    return " ".join(region.split()), question.lang.partition("-")[0]

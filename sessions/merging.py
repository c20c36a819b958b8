"""Questions that ask the same, in whatever language: one stands for all, and each person counts once. Pure.

A question merged into another keeps its words, votes and state, hidden behind it; unmerging loses nothing. It may have others
merged into it, and they come along.
"""

from sessions.errors import Conflict
from sessions.questions import Question, Questions

OPEN = ("pending", "published")
"""States in which a question may be merged or have others merged into it."""

SUGGESTIONS_LIMIT = 3
"""Questions suggested as the same as another, the nearest; the rest is not told."""


def merge(questions: Questions, id: str, into: str) -> Question:
    """Let `into` stand for a question; on the stage too. What the audience sees goes only into what it sees. Raises Conflict."""
    question, root = questions.find(id), questions.find(into)
    if question.merged_into == into:
        return question
    check(question, root)
    staged = questions.stage == id
    questions.set(question, merged_into=into)
    if staged:
        questions.stage = into
    return question


def unmerge(questions: Questions, id: str) -> Question:
    """Let a question stand for itself again, with what was merged into it."""
    return questions.set(questions.find(id), merged_into=None)


def compare(questions: Questions, id: str) -> None:
    """Note on a question, whose words are new, which others may ask the same."""
    question = questions.find(id)
    questions.index.put(id, question.texts)
    near = [questions.find(other) for other in questions.index.near(id)]
    question.similar = [one.id for one in near if one.state in OPEN and one.merged_into is None][:SUGGESTIONS_LIMIT]


def check(question: Question, root: Question) -> None:
    """Raises Conflict where one may not stand for the other. A root is merged into nothing, so there is never a circle."""
    if question.id == root.id:
        raise Conflict("a question cannot be merged into itself")
    for one in (question, root):
        if one.merged_into is not None:
            raise Conflict(f"question {one.id} is merged into {one.merged_into}")
        if one.state not in OPEN:
            raise Conflict(f"question {one.id} is {one.state}")
    if question.public and not root.public:
        raise Conflict(f"question {root.id} is not published")

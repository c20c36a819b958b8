"""The problem board of one session: what a question has laid open, told to all as a bulletin, and what people propose. Pure.

A problem is staff's until it is published, and then a bulletin:

    act       from                          to
    promote                                 draft, from a question
    revise    draft, published              the same, with a new version of its text
    publish   draft, published, withdrawn   published
    withdraw  draft, published, withdrawn   withdrawn

A solution belongs to a published problem; acts with a star are anyone's or its author's:

    propose*  (the problem is published)    open
    amend*    open                          open, with a new version of its text
    retract*  open, hidden                  retracted, for good: its words go, its votes stay counted nowhere
    hide      open, hidden                  hidden, for a reason
    show      open, hidden                  open
    support*  open                          open: a person's vote is put on it or taken off, and counts once

No version is ever written over: readers see what a text said when it was voted on. A version is theirs to see once it was public;
what a draft said before is staff's. Saying an act twice is no error.

When a question is withdrawn, its author takes their words back. What of a problem was never public and quotes them says nothing any
more, so that a draft needs words of its own before it is published. A bulletin that was public stays, as the conference's own text;
nobody is told any more which question it came from.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct, field

from sessions.errors import Conflict, NotHere, TooMany
from sessions.programme import Texts
from sessions.questions import Reason
from sessions.text import clean, language

BULLETIN_LIMIT, SOLUTION_LIMIT = 1000, 500
"""Graphemes of a bulletin and of a solution; a longer one is refused."""

PROBLEMS_LIMIT, SOLUTIONS_LIMIT = 50, 100
"""Problems of one session, and solutions of one problem, whatever became of them; past it TooMany."""

PERSON_LIMIT = 5
"""Solutions of one person to one problem; past it TooMany."""

VERSIONS_LIMIT = 10
"""Versions of one text; past it TooMany."""

ProblemState = Literal["draft", "published", "withdrawn"]
SolutionState = Literal["open", "hidden", "retracted"]


class Version(Struct, kw_only=True):
    """A text as it was at a time (ms since 1970); only the newest one is translated.

    `public` once everyone could read it; `quotes` where the words of the question are in it.
    """

    text: str
    lang: str
    at: int
    public: bool = False
    quotes: bool = False
    translations: Texts = field(default_factory=dict)


class Written(Struct, kw_only=True):
    """What has a text that is never written over: `versions` are oldest first."""

    id: str
    author: str
    versions: list[Version]

    @property
    def version(self) -> Version:
        return self.versions[-1]

    def write(self, text: str, lang: str, now: int, limit: int, *, public: bool = True) -> None:
        """A new version, unless it says the same."""
        text, lang = clean(text, limit, "the text"), language(lang)
        if (text, lang) == (self.version.text, self.version.lang):
            return
        if len(self.versions) >= VERSIONS_LIMIT:
            raise TooMany(f"a text takes {VERSIONS_LIMIT} versions at most")
        self.versions.append(Version(text=text, lang=lang, at=now, public=public))

    def translated(self, lang: str, text: str, of: str) -> bool:
        """The machine's words. Whether they are wanted: it may say something else meanwhile."""
        if of != self.version.text:
            return False
        self.version.translations[lang] = text
        return True


class Problem(Written, kw_only=True):
    """`question` is what it came from, `taken_back` whether that was withdrawn, `author` who promoted it."""

    question: str
    state: ProblemState = "draft"
    taken_back: bool = False

    def quotes(self, text: str, said: Iterable[str]) -> bool:
        """Whether a text holds what the question's author `said`, or what an earlier version took from them."""
        words = [*said, *(version.text for version in self.versions if version.quotes)]
        return any(one in text for one in words if one)


class Solution(Written, kw_only=True):
    """`author` is never shown; `support` are the persons who voted for it."""

    problem: str
    author_name: str | None
    state: SolutionState = "open"
    reason: Reason | None = None
    support: set[str] = field(default_factory=set)


class Problems:
    """Problems and solutions of a session, by id."""

    def __init__(self, problems: Iterable[Problem] = (), solutions: Iterable[Solution] = ()) -> None:
        self.items = {problem.id: problem for problem in problems}
        self.solutions = {solution.id: solution for solution in solutions}

    def find(self, id: str) -> Problem:
        problem = self.items.get(id)
        if problem is None:
            raise NotHere(f"there is no problem {id}")
        return problem

    def solution(self, id: str) -> Solution:
        solution = self.solutions.get(id)
        if solution is None:
            raise NotHere(f"there is no solution {id}")
        return solution

    def of(self, problem: str) -> Iterator[Solution]:
        return (solution for solution in self.solutions.values() if solution.problem == problem)

    # Staff

    def promote(self, id: str, author: str, question: str, text: str, lang: str, now: int, said: Iterable[str] = ()) -> Problem:
        """Make a problem of a question, whose author `said` these words. Raises Conflict where there is one of it already."""
        if any(problem.question == question for problem in self.items.values()):
            raise Conflict(f"question {question} is a problem already")
        if len(self.items) >= PROBLEMS_LIMIT:
            raise TooMany(f"a session takes {PROBLEMS_LIMIT} problems at most")
        first = Version(text=clean(text, BULLETIN_LIMIT, "the text"), lang=language(lang), at=now)
        problem = self.items[id] = Problem(id=id, author=author, versions=[first], question=question)
        first.quotes = problem.quotes(first.text, said)
        return problem

    def revise(self, id: str, text: str, lang: str, now: int, said: Iterable[str] = ()) -> Problem:
        problem = self.find(id)
        if problem.state == "withdrawn":
            raise Conflict(f"problem {id} is withdrawn")
        quotes = problem.quotes(clean(text, BULLETIN_LIMIT, "the text"), said)
        if quotes and problem.taken_back and not any(version.public and version.quotes for version in problem.versions):
            raise Conflict("the author of the question has taken these words back")
        problem.write(text, lang, now, BULLETIN_LIMIT, public=problem.state == "published")
        problem.version.quotes = quotes
        return problem

    def take_back(self, question: str) -> Problem | None:
        """The author of a question has withdrawn it. The problem it was made, if any."""
        problem = next((problem for problem in self.items.values() if problem.question == question), None)
        if problem is None:
            return None
        problem.taken_back = True
        for version in problem.versions:
            if version.quotes and not version.public:
                version.text, version.translations = "", {}
        return problem

    def publish(self, id: str) -> Problem:
        problem = self.find(id)
        if not problem.version.text:
            raise Conflict(f"problem {id} says nothing any more: its author has taken the words back")
        problem.state, problem.version.public = "published", True
        return problem

    def withdraw(self, id: str) -> Problem:
        """Take it out of everyone's sight, with its solutions; publishing brings all back."""
        problem = self.find(id)
        problem.state = "withdrawn"
        return problem

    def hide(self, id: str, reason: Reason) -> Solution:
        solution = self._standing(self.solution(id))
        solution.state, solution.reason = "hidden", reason
        return solution

    def show(self, id: str) -> Solution:
        solution = self._standing(self.solution(id))
        solution.state, solution.reason = "open", None
        return solution

    # Everyone

    def propose(self, id: str, author: str, problem: str, text: str, lang: str, now: int, name: str | None) -> Solution:
        """A solution to a published problem; one that is not is NotHere. Raises TooLong, TooMany."""
        self._public(problem)
        known = list(self.of(problem))
        if len(known) >= SOLUTIONS_LIMIT:
            raise TooMany(f"a problem takes {SOLUTIONS_LIMIT} solutions at most")
        if sum(solution.author == author for solution in known) >= PERSON_LIMIT:
            raise TooMany(f"a person proposes {PERSON_LIMIT} solutions to a problem at most")
        first = Version(text=clean(text, SOLUTION_LIMIT, "the text"), lang=language(lang), at=now, public=True)
        self.solutions[id] = Solution(id=id, author=author, versions=[first], problem=problem, author_name=name)
        return self.solutions[id]

    def amend(self, id: str, person: str, text: str, lang: str, now: int) -> Solution:
        solution = self._own(id, person)
        self._public(solution.problem)
        if solution.state != "open":
            raise Conflict(f"solution {id} is {solution.state}")
        solution.write(text, lang, now, SOLUTION_LIMIT)
        return solution

    def retract(self, id: str, person: str) -> Solution:
        solution = self._own(id, person)
        solution.state, solution.versions = "retracted", [Version(text="", lang=solution.version.lang, at=solution.version.at, public=True)]
        return solution

    def support(self, id: str, person: str, on: bool) -> Solution:
        """Put a person's vote on a solution or take it off. Says how it shall be: a repeat changes nothing."""
        solution = self.solutions.get(id)
        if solution is None or solution.state != "open" or self.items[solution.problem].state != "published":
            raise NotHere(f"there is no solution {id}")
        (solution.support.add if on else solution.support.discard)(person)
        return solution

    def _public(self, id: str) -> Problem:
        problem = self.items.get(id)
        if problem is None or problem.state != "published":
            raise NotHere(f"there is no bulletin {id}")
        return problem

    def _own(self, id: str, person: str) -> Solution:
        solution = self.solutions.get(id)
        if solution is None or solution.author != person:
            raise NotHere(f"you have proposed no solution {id}")
        return solution

    def _standing(self, solution: Solution) -> Solution:
        if solution.state == "retracted":
            raise Conflict(f"solution {solution.id} is retracted")
        return solution

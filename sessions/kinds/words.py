"""Words for a cloud. The same word counts once per voter however it is written: in capitals, with Arabic vowel signs, full width.

Sources: NFKC and case folding (UAX #15, Unicode 3.13); a web address, a handle or a telephone number is held for a moderator.
"""

from collections import Counter, defaultdict

import regex

from sessions.errors import Invalid
from sessions.kinds.form import Ballot, Form, Result, many
from sessions.text import clean, folded

KINDS = ("words",)

WORD_LIMIT = 40
"""Graphemes of one word or phrase; a longer one is refused."""

WORDS_LIMIT = 10
"""Words of one ballot, at most; a form that asks for more is refused."""

SHOWN_LIMIT = 100
"""Words of a result: the most frequent. The others count when they catch up."""

_EDGES = regex.compile(r"^[\p{P}\p{Z}]+|[\p{P}\p{Z}]+$")
# Looked for in a folded text; browsers take an ideographic full stop for a dot (UTS #46).
_SUSPECT = regex.compile(r"https?:|www\.|\p{L}[.\u3002](com|net|org|ru|io|me)\b|@\w|(\d[\s().-]*){7}")


def form(form: Form) -> None:
    if not 1 <= form.rules.min_choices <= form.rules.max_choices <= WORDS_LIMIT:
        raise Invalid(f"ask for 1 to {WORDS_LIMIT} words")


def check(form: Form, given: Ballot, elapsed: int) -> Ballot:
    if not isinstance(given, list) or not form.rules.min_choices <= len(given) <= form.rules.max_choices:
        raise Invalid(f"give {many(form.rules.min_choices, form.rules.max_choices, 'word')}")
    by_key = {key(word): word for word in (clean(word, WORD_LIMIT, "a word").replace("\n", " ") for word in given)}
    return list(by_key.values())


def key(word: str) -> str:
    """What all ways to write a word have in common."""
    plain = " ".join(folded(word).split())
    return _EDGES.sub("", plain) or plain


def suspect(word: str) -> bool:
    """Whether a word looks like an address or a number that someone wants seen."""
    return _SUSPECT.search(folded(word)) is not None


class Words:
    """`judged` says of a word whether a moderator holds it; what looks suspect, or everything if the form says so, is held until then."""

    def __init__(self, form: Form) -> None:
        self._hold_all = form.rules.held_first
        self._counts: Counter[str] = Counter()
        self._written: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.judged: dict[str, bool] = {}

    def add(self, ballot: list[str]) -> None:
        for word in ballot:
            self._counts[key(word)] += 1
            self._written[key(word)][word] += 1

    def remove(self, ballot: list[str]) -> None:
        for word in ballot:
            of = key(word)
            self._counts[of] -= 1
            self._written[of][word] -= 1
            self._written[of] += Counter()  # drops what is zero
            if not self._counts[of]:
                del self._counts[of], self._written[of]

    def said(self, of: str, least: int = 1) -> bool:
        """Whether so many voters say it."""
        return self._counts[of] >= least

    def holds(self, of: str) -> bool:
        return self.judged.get(of, self._hold_all or suspect(self._spelling(of)))

    def result(self) -> Result:
        shown = sorted(self._counts, key=lambda of: (-self._counts[of], of))[:SHOWN_LIMIT]
        return Result(
            counts={of: self._counts[of] for of in shown},
            texts={of: self._spelling(of) for of in shown},
            held={of: True for of in shown if self.holds(of)},
        )

    def _spelling(self, of: str) -> str:
        ways = self._written[of]
        return min(ways, key=lambda way: (-ways[way], way))


tally = Words

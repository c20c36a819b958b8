"""What a poll asks, and the shapes of what comes back. Pure."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from sessions.errors import Invalid
from sessions.programme import Texts

Kind = Literal["single", "multiple", "image", "yesno", "rating", "scale", "numeric", "ranking", "words", "text", "quiz", "point", "budget"]
State = Literal["draft", "open", "paused", "closed", "published", "archived"]
Visibility = Literal["always", "after_vote", "after_close", "moderators"]
Anonymity = Literal["named", "pseudonymous", "secret"]
Revote = Literal["last", "final"]

Ballot = list[str] | int | str | dict[str, int]
"""Options in the order chosen, or words; a number; a text; or a number per option (a point has `x` and `y`)."""

OPTIONS_LIMIT = 32
"""Options of one poll; one with more is refused."""


class Option(Struct, frozen=True, omit_defaults=True):
    """`image` is an address that the pages show."""

    id: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
    texts: Texts
    image: str | None = None


class Rules(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a ballot must keep to; each kind reads what concerns it.

    `low` and `high` bound a number; `budget` is what there is to give away; `seconds` after the opening no ballot is taken
    (0: no limit); `correct` are a quiz' right options; `image` is what a point is set on; `held_first` keeps new words from
    sight until a moderator releases them.
    """

    min_choices: int = 1
    max_choices: int = 1
    low: int = 1
    high: int = 5
    budget: int = 100
    seconds: int = 0
    correct: list[str] = []
    image: str | None = None
    held_first: bool = False


class Form(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`pair` is the poll that asked the same before. What may change when, `sessions.polls` says."""

    kind: Kind
    texts: Texts
    options: list[Option] = []
    rules: Rules = Rules()
    results_visibility: Visibility = "moderators"
    anonymity: Anonymity = "pseudonymous"
    revote: Revote = "last"
    pair: str | None = None


class Result(Struct, kw_only=True, omit_defaults=True):
    """Absolute counts, by option, number, word or cell. `texts` are the words behind the keys, `held` those kept from sight;
    `mean` and `median` are there for numbers."""

    counts: dict[str, int]
    texts: dict[str, str] = {}
    held: dict[str, bool] = {}
    mean: float | None = None
    median: float | None = None


def need_options(form: Form, least: int = 2) -> None:
    if len(form.options) < least:
        raise Invalid(f"a poll of this kind needs {least} options at least")


def need_choices(form: Form) -> None:
    """Raises Invalid unless the least and the most a voter may choose make sense together."""
    need_options(form)
    if not 1 <= form.rules.min_choices <= form.rules.max_choices <= len(form.options):
        raise Invalid("the fewest and the most options to choose do not fit the options there are")


def chosen(form: Form, given: Ballot, least: int, most: int) -> list[str]:
    """`given` if it is `least` to `most` options of the form, each once. Raises Invalid."""
    if not isinstance(given, list) or not least <= len(given) <= most:
        raise Invalid(f"choose {many(least, most, 'option')}")
    if len(set(given)) != len(given) or not {option.id for option in form.options}.issuperset(given):
        raise Invalid("choose options of this poll, each once")
    return given


def many(least: int, most: int, what: str) -> str:
    """`2 to 3 options`, `2 options` or `1 option`."""
    return f"{least if least == most else f'{least} to {most}'} {what}{'' if most == 1 else 's'}"


def amounts(given: Ballot, keys: set[str], most: int) -> dict[str, int]:
    """`given` if it names only `keys` and none over `most`. Raises Invalid."""
    if not isinstance(given, dict) or not keys.issuperset(given):
        raise Invalid(f"give a number for {', '.join(sorted(keys))}")
    if not all(0 <= value <= most for value in given.values()):
        raise Invalid(f"each number is from 0 to {most}")
    return given

"""`problem.*` and `solution.*`: bulletins made of questions, and what people propose and vote for."""

from msgspec import Struct

from server.wire.base import CommandBase
from server.wire.scalars import Id, Lang, Long
from sessions.problems import ProblemState, SolutionState
from sessions.programme import Texts
from sessions.questions import Reason


class ProblemPromote(CommandBase, tag="problem.promote"):
    """Makes a problem of a question, in its words or in these. The result names it: `problem`."""

    question: Id
    text: Long | None = None
    lang: Lang | None = None


class ProblemRevise(CommandBase, tag="problem.revise"):
    """A new version of the text. Where it is no longer at the `expected_version`, it is refused as `conflict` with it in `current`."""

    problem: Id
    text: Long
    lang: Lang
    expected_version: int | None = None


class ProblemPublish(CommandBase, tag="problem.publish"):
    """Makes it a bulletin that everyone reads and proposes solutions to."""

    problem: Id


class ProblemWithdraw(CommandBase, tag="problem.withdraw"):
    """Takes it out of everyone's sight with its solutions, until it is published again."""

    problem: Id


class SolutionPropose(CommandBase, tag="solution.propose"):
    """The result names it: `solution`."""

    problem: Id
    text: Long
    lang: Lang
    anonymous: bool = False


class SolutionAmend(CommandBase, tag="solution.amend"):
    """A new version of one's own solution; votes stay, and everyone sees what it said before."""

    solution: Id
    text: Long
    lang: Lang


class SolutionRetract(CommandBase, tag="solution.retract"):
    """Takes one's own solution back, for good."""

    solution: Id


class SolutionSupport(CommandBase, tag="solution.support"):
    """Puts one's vote on a solution or takes it off: says how it should be, so a repeat changes nothing."""

    solution: Id
    on: bool


class SolutionHide(CommandBase, tag="solution.hide"):
    """Takes a solution out of everyone's sight; its author learns the reason."""

    solution: Id
    reason: Reason


class SolutionShow(CommandBase, tag="solution.show"):
    solution: Id


ProblemCommand = (
    ProblemPromote
    | ProblemRevise
    | ProblemPublish
    | ProblemWithdraw
    | SolutionPropose
    | SolutionAmend
    | SolutionRetract
    | SolutionSupport
    | SolutionHide
    | SolutionShow
)


class Former(Struct):
    """What a text said before, from `at` on."""

    text: str
    lang: str
    at: int


class Bulletin(Struct, kw_only=True, omit_defaults=True):
    """A problem; everyone sees those that are published. `version` counts its texts, `former` are the earlier ones, oldest first: for all
    but staff those that were public. `question` is what it came from, unless its author has withdrawn that; then a draft that held
    their words has the `text` "".
    """

    id: str
    question: str | None = None
    text: str
    lang: str
    at: int
    version: int
    state: ProblemState
    translations: Texts = {}
    former: list[Former] = []


class Solution(Struct, kw_only=True, omit_defaults=True):
    """What somebody proposed; everyone sees those that are open, of published problems. `votes` is absolute."""

    id: str
    problem: str
    text: str
    lang: str
    at: int
    version: int
    votes: int
    translations: Texts = {}
    former: list[Former] = []
    author: str | None = None
    state: SolutionState = "open"
    reason: Reason | None = None


class BoardState(Struct, kw_only=True):
    """The state of `{session}/problems` and, with drafts and what is hidden, of `{session}/problems/staff`."""

    problems: dict[str, Bulletin]
    solutions: dict[str, Solution]


class OwnSolution(Struct, kw_only=True, omit_defaults=True):
    """What became of one's own solution."""

    state: SolutionState
    reason: Reason | None = None

"""What the rules of a conference refuse, each with a stable code.

RuleError
+-- NotHere     not_found   no such question, poll, option, session
+-- Invalid     invalid     the values make no sense together
|   +-- Faulty  invalid     a session is wrong in places that it names; `running`: where nothing may change while it is on
+-- TooLong     too_long    a text over its limit
+-- TooMany     too_many    a person is past what one person may do
+-- TooSoon     too_soon    a person has to wait for some seconds
|   +-- NotYet  not_yet     everyone has to: the interpreters are still speaking
+-- Conflict    conflict    the object is in a state that does not allow this
+-- Closed      closed      the poll takes no votes now
+-- FeatureOff  feature_off the format of the session has this turned off
+-- Forbidden   forbidden   a moderator has taken this from the person, or it would be done to somebody above them
+-- Overloaded  overloaded  more writes are waiting than the limit allows; try again
"""

from collections.abc import Sequence
from typing import Any


class RuleError(Exception):
    code = "conflict"


class NotHere(RuleError):
    code = "not_found"


class Invalid(RuleError):
    code = "invalid"


class Faulty(Invalid):
    """`issues` are what is wrong (`planning.Issue`)."""

    def __init__(self, message: str, issues: Sequence[Any], code: str = "invalid") -> None:
        super().__init__(message)
        self.issues, self.code = issues, code


class TooLong(RuleError):
    code = "too_long"


class TooMany(RuleError):
    code = "too_many"


class TooSoon(RuleError):
    """`wait` is in seconds."""

    code = "too_soon"

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class NotYet(TooSoon):
    code = "not_yet"


class Conflict(RuleError):
    code = "conflict"


class Closed(RuleError):
    code = "closed"


class FeatureOff(RuleError):
    code = "feature_off"


class Forbidden(RuleError):
    code = "forbidden"


class Overloaded(RuleError):
    code = "overloaded"

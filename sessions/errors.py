"""What the rules of a conference refuse, each with a stable code.

RuleError
+-- NotHere     not_found   no such question, poll, option, session
+-- Invalid     invalid     the values make no sense together
+-- TooLong     too_long    a text over its limit
+-- TooMany     too_many    a person is past what one person may do
+-- Conflict    conflict    the object is in a state that does not allow this
+-- Closed      closed      the poll takes no votes now
+-- Overloaded  overloaded  more writes are waiting than the limit allows; try again
"""


class RuleError(Exception):
    code = "conflict"


class NotHere(RuleError):
    code = "not_found"


class Invalid(RuleError):
    code = "invalid"


class TooLong(RuleError):
    code = "too_long"


class TooMany(RuleError):
    code = "too_many"


class Conflict(RuleError):
    code = "conflict"


class Closed(RuleError):
    code = "closed"


class Overloaded(RuleError):
    code = "overloaded"

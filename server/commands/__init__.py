"""Every command by its type: `HANDLERS[PollVote]` is what a `poll.vote` does. A handler runs the rule and returns the I/O to do."""

from collections.abc import Callable
from typing import Any

from server import wire
from server.commands import captions, polls, questions, reactions
from server.commands.context import Context
from server.live import Outcome

Handler = Callable[[Context, Any], Outcome]

HANDLERS: dict[type, Handler] = {
    wire.QuestionAsk: questions.ask,
    wire.QuestionVote: questions.vote,
    wire.QuestionPublish: questions.publish,
    wire.QuestionDismiss: questions.dismiss,
    wire.QuestionHighlight: questions.highlight,
    wire.QuestionAnswer: questions.answer,
    wire.PollOpen: polls.open_poll,
    wire.PollClose: polls.close,
    wire.PollReveal: polls.reveal,
    wire.PollVote: polls.vote,
    wire.ReactionSend: reactions.send,
    wire.CaptionCommit: captions.commit,
    wire.CaptionCorrect: captions.correct,
}

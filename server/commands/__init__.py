"""Every command by its type: `HANDLERS[PollVote]` is what a `poll.vote` does. A handler runs the rule and returns the I/O to do."""

from collections.abc import Callable
from typing import Any

from server import wire
from server.commands import announcements, captions, chat, floor, moderation, policy, polls, problems, questions, reactions, summit
from server.commands.context import Context
from server.live import Outcome
from sessions import formats

Handler = Callable[[Context, Any], Outcome]

HANDLERS: dict[type, Handler] = {
    wire.QuestionAsk: questions.ask,
    wire.QuestionEdit: questions.edit,
    wire.QuestionWithdraw: questions.withdraw,
    wire.QuestionAppeal: questions.appeal,
    wire.QuestionVote: questions.vote,
    wire.QuestionPublish: moderation.publish,
    wire.QuestionDismiss: moderation.dismiss,
    wire.QuestionArchive: moderation.archive,
    wire.QuestionRestore: moderation.restore,
    wire.QuestionHighlight: moderation.highlight,
    wire.QuestionTake: moderation.take,
    wire.QuestionAnswer: moderation.answer,
    wire.QuestionReopen: moderation.reopen,
    wire.QuestionLabel: moderation.label,
    wire.QuestionMerge: moderation.merge,
    wire.QuestionUnmerge: moderation.unmerge,
    wire.QuestionTranslate: moderation.translate,
    wire.QuestionSlow: moderation.slow,
    wire.ModerationWatch: moderation.watch,
    wire.ModerationUndo: moderation.undo,
    wire.PollCreate: polls.create,
    wire.PollEdit: polls.edit,
    wire.PollDelete: polls.delete,
    wire.PollOpen: polls.open_poll,
    wire.PollPause: polls.pause,
    wire.PollClose: polls.close,
    wire.PollReveal: polls.reveal,
    wire.PollArchive: polls.archive,
    wire.PollReset: polls.reset,
    wire.PollHold: polls.hold,
    wire.PollVote: polls.vote,
    wire.FloorRaise: floor.raise_hand,
    wire.FloorLower: floor.lower,
    wire.FloorAccept: floor.accept,
    wire.FloorDecline: floor.decline,
    wire.FloorLeave: floor.leave,
    wire.FloorInvite: floor.invite,
    wire.FloorOrder: floor.order,
    wire.FloorDismiss: floor.dismiss,
    wire.FloorCall: floor.call,
    wire.FloorDown: floor.down,
    wire.SummitRoll: summit.roll,
    wire.SummitAnswer: summit.answer,
    wire.SummitMark: summit.mark,
    wire.SummitAsk: summit.ask,
    wire.SummitPoint: summit.point,
    wire.SummitDeny: summit.deny,
    wire.SummitCall: summit.call,
    wire.SummitStart: summit.start,
    wire.SummitPause: summit.pause,
    wire.SummitEnd: summit.end,
    wire.SummitDeclare: summit.declare,
    wire.MotionPut: summit.put,
    wire.MotionVote: summit.vote,
    wire.MotionClose: summit.close,
    wire.MotionWithdraw: summit.withdraw,
    wire.PolicyPick: policy.pick,
    wire.PolicySet: policy.set_policy,
    wire.AnnouncementCompose: announcements.compose,
    wire.AnnouncementWithdraw: announcements.withdraw,
    wire.AnnouncementAcknowledge: announcements.acknowledge,
    wire.ChatSend: chat.send,
    wire.ChatRetract: chat.retract,
    wire.ChatHide: chat.hide,
    wire.ChatShow: chat.show,
    wire.ChatMute: chat.mute,
    wire.ChatSlow: chat.slow,
    wire.ProblemPromote: problems.promote,
    wire.ProblemRevise: problems.revise,
    wire.ProblemPublish: problems.publish,
    wire.ProblemWithdraw: problems.withdraw,
    wire.SolutionPropose: problems.propose,
    wire.SolutionAmend: problems.amend,
    wire.SolutionRetract: problems.retract,
    wire.SolutionSupport: problems.support,
    wire.SolutionHide: problems.hide,
    wire.SolutionShow: problems.show,
    wire.ReactionSend: reactions.send,
    wire.CaptionCommit: captions.commit,
    wire.CaptionCorrect: captions.correct,
    wire.CaptionSource: captions.switch,
    wire.GlossarySet: captions.set_term,
    wire.ProfanitySet: captions.set_profanity,
}

ACTS: dict[type, str] = {command: str(command.__struct_config__.tag) for command in HANDLERS}  # type: ignore[attr-defined]
"""The right each command needs, which is its name."""


def perform(context: Context, command: Any) -> Outcome:
    """Run a command's handler, if the session's policy has it on. Raises FeatureOff, and what the handler raises."""
    kind = type(command)
    formats.require(context.live.podium.policy, ACTS[kind], context.caller.role)
    return HANDLERS[kind](context, command)

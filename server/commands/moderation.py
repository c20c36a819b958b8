"""`question.*` as moderators, speakers and interpreters say it, and `moderation.undo`. Each act is logged."""

from collections.abc import Callable
from functools import partial

from server import views, wire
from server.commands import chat
from server.commands.context import Context
from server.commands.deed import Deed, expect_stage
from server.live import Outcome
from server.wire import UpdateType
from sessions import merging, wording
from sessions import moderation as rules
from sessions.questions import Questions


def publish(context: Context, command: wire.QuestionPublish) -> Outcome:
    return _act(context, command, "question.published", lambda questions: questions.publish(command.question))


def dismiss(context: Context, command: wire.QuestionDismiss) -> Outcome:
    def rule(questions: Questions) -> None:
        questions.dismiss(command.question, command.reason)

    return _act(context, command, "question.dismissed", rule, reason=command.reason)


def archive(context: Context, command: wire.QuestionArchive) -> Outcome:
    return _act(context, command, "question.archived", lambda questions: questions.archive(command.question))


def restore(context: Context, command: wire.QuestionRestore) -> Outcome:
    return _act(context, command, "question.restored", lambda questions: questions.restore(command.question))


def highlight(context: Context, command: wire.QuestionHighlight) -> Outcome:
    questions = context.live.questions
    there = None if questions.stage is None else views.question(questions, questions.find(questions.stage), staff=True)
    expect_stage(questions.stage, command.expected_stage, command.question, there)
    return _act(context, command, "question.highlighted", lambda questions: questions.highlight(command.question))


def take(context: Context, command: wire.QuestionTake) -> Outcome:
    return _act(context, command, "question.taken", lambda questions: questions.take(command.question))


def answer(context: Context, command: wire.QuestionAnswer) -> Outcome:
    lang = command.lang or context.caller.lang
    outcome = _act(context, command, "question.answered", lambda questions: questions.answer(command.question, command.text, lang))
    if command.text is not None:
        outcome.after = partial(context.translator.add, context.live, command.question)
    return outcome


def reopen(context: Context, command: wire.QuestionReopen) -> Outcome:
    return _act(context, command, "question.reopened", lambda questions: questions.reopen(command.question))


def label(context: Context, command: wire.QuestionLabel) -> Outcome:
    return _act(context, command, "question.labelled", lambda questions: questions.label(command.question, command.labels))


def merge(context: Context, command: wire.QuestionMerge) -> Outcome:
    def rule(questions: Questions) -> None:
        merging.merge(questions, command.question, command.into)

    return _act(context, command, "question.merged", rule, command.into)


def unmerge(context: Context, command: wire.QuestionUnmerge) -> Outcome:
    return _act(context, command, "question.unmerged", lambda questions: merging.unmerge(questions, command.question))


def translate(context: Context, command: wire.QuestionTranslate) -> Outcome:
    if not context.caller.may("staff.read"):
        context.live.questions.seen(command.question)

    def rule(questions: Questions) -> None:
        wording.correct(questions, command.question, command.lang, command.text)
        merging.compare(questions, command.question)

    return _act(context, command, "question.translated", rule)


def slow(context: Context, command: wire.QuestionSlow) -> Outcome:
    deed = Deed(context, None)
    deed.run(lambda: context.live.questions.slow_down(command.seconds))
    return deed.outcome("question.slowed", "question.slow")


def watch(context: Context, command: wire.ModerationWatch) -> Outcome:
    deed = Deed(context, None)
    deed.run(lambda: wording.watch(context.live.questions, command.lang, command.words))
    return deed.outcome("moderation.watched", "moderation.watch")


def undo(context: Context, command: wire.ModerationUndo) -> Outcome:
    questions = context.live.questions
    entry = context.live.log.find(command.entry)
    if chat.is_about(entry):
        return chat.undo(context, entry)
    # A merge or an unmerge concerns another question as well, a change of the stage the one that was there.
    others = [id for facts in (entry.before, entry.after) for id in (facts.get("merged_into"), facts.get("stage")) if id is not None]
    deed = Deed(context, entry.question, *others)
    deed.run(lambda: rules.undo(questions, entry))
    outcome = deed.outcome("moderation.undone", "moderation.undo", undoes=entry.number)
    if entry.question is not None:  # a written answer may be back
        outcome.after = partial(context.translator.add, context.live, entry.question)
    return outcome


def _act(
    context: Context,
    command: wire.Moderating | wire.QuestionHighlight,
    type: UpdateType,
    rule: Callable[[Questions], object],
    *others: str,
    reason: str | None = None,
) -> Outcome:
    """Run a rule on a question, if it is as the caller saw it; `others` are concerned too."""
    questions = context.live.questions
    deed = Deed(context, command.question, *others)
    deed.expect(command.expected_version)
    deed.run(lambda: rule(questions))
    return deed.outcome(type, str(command.__struct_config__.tag), reason=reason)

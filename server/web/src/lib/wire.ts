// Generated from server/wire/ by `python -m server.contract`. Do not edit.

export type Reaction = 'applause' | 'heart' | 'laugh' | 'wow' | 'insight';

export type UpdateType = 'question.asked' | 'question.edited' | 'question.withdrawn' | 'question.appealed' | 'question.published' | 'question.dismissed' | 'question.archived' | 'question.restored' | 'question.highlighted' | 'question.taken' | 'question.answered' | 'question.reopened' | 'question.labelled' | 'question.merged' | 'question.unmerged' | 'question.slowed' | 'moderation.watched' | 'moderation.undone' | 'question.voted' | 'question.translated' | 'poll.created' | 'poll.edited' | 'poll.deleted' | 'poll.opened' | 'poll.paused' | 'poll.closed' | 'poll.revealed' | 'poll.archived' | 'poll.reset' | 'poll.held' | 'poll.tallied' | 'poll.translated' | 'floor.raised' | 'floor.lowered' | 'floor.accepted' | 'floor.invited' | 'floor.ordered' | 'floor.called' | 'floor.cleared' | 'summit.rolled' | 'summit.asked' | 'summit.called' | 'summit.started' | 'summit.paused' | 'summit.ended' | 'summit.declared' | 'motion.put' | 'motion.voted' | 'motion.closed' | 'motion.withdrawn' | 'policy.set' | 'programme.changed' | 'announcement.composed' | 'announcement.due' | 'announcement.withdrawn' | 'announcement.counted' | 'announcement.translated' | 'chat.sent' | 'chat.retracted' | 'chat.hidden' | 'chat.shown' | 'chat.muted' | 'chat.slowed' | 'chat.translated' | 'problem.promoted' | 'problem.revised' | 'problem.published' | 'problem.withdrawn' | 'problem.released' | 'problem.translated' | 'solution.proposed' | 'solution.amended' | 'solution.retracted' | 'solution.supported' | 'solution.hidden' | 'solution.shown' | 'solution.translated' | 'reaction.counted' | 'presence.counted' | 'stream.changed' | 'booth.changed' | 'venue.changed' | 'caption.cued' | 'caption.corrected' | 'source.changed' | 'glossary.set' | 'glossary.counted' | 'profanity.set';

export type Format = 'lecture' | 'seminar' | 'symposium' | 'forum' | 'summit' | 'screening' | 'roundtable';

export type Who = 'nobody' | 'staff' | 'delegates' | 'everyone';

export type PollKind = 'single' | 'multiple' | 'image' | 'yesno' | 'rating' | 'scale' | 'numeric' | 'ranking' | 'words' | 'text' | 'quiz' | 'point' | 'budget';

export type PollState = 'draft' | 'open' | 'paused' | 'closed' | 'published' | 'archived';

export type Visibility = 'always' | 'after_vote' | 'after_close' | 'moderators';

export type Anonymity = 'named' | 'pseudonymous' | 'secret';

export type Choice = 'auto' | 'recognizer' | 'human' | 'ingest' | 'scripted' | 'off';

export type Severity = 'info' | 'warning' | 'urgent';

export type Reason = 'off_topic' | 'duplicate' | 'unclear' | 'conduct' | 'time';

/** One seat: the ms it has spoken, whether it is present, and since when it asks to speak. */
export interface Account {
  spent?: number;
  present?: boolean;
  asked_at?: number;
}

/** The command `id` is done and durable. A retry of the same id gets the same result. */
export interface Ack {
  type: 'ack';
  id: string;
  result: Record<string, unknown>;
}

/** An entry in the log of moderation. `person`, `name` and `role` are absent for what a question's author did; `undoes` is an entry. */
export interface Act {
  at: number;
  act: string;
  person?: string;
  name?: string;
  role?: string;
  question?: string;
  reason?: string;
  undoes?: number;
}

/** An announcement; everyone sees those that are out. `texts` are people's words, `translations` the machine's. Only staff is told how many have `acknowledged` it. */
export interface Announcement {
  id: string;
  severity: Severity;
  lang: string;
  texts: Record<string, string>;
  state: 'expired' | 'published' | 'scheduled' | 'withdrawn';
  publish_at: number;
  expires_at?: number;
  translations?: Record<string, string>;
  acknowledged?: number;
}

/** Says that one has read it; a repeat changes nothing. */
export interface AnnouncementAcknowledge {
  type: 'announcement.acknowledge';
  announcement: string;
  id: string;
}

/** Says it to everyone at `publish_at`, or now. The machine adds languages that `texts` has not; the first one is its source. */
export interface AnnouncementCompose {
  type: 'announcement.compose';
  texts: Record<string, string>;
  severity?: Severity;
  publish_at?: number | null;
  expires_at?: number | null;
  id: string;
}

export interface AnnouncementWithdraw {
  type: 'announcement.withdraw';
  announcement: string;
  id: string;
}

/** The state of `{session}/problems` and, with drafts and what is hidden, of `{session}/problems/staff`. */
export interface BoardState {
  problems: Record<string, Bulletin>;
  solutions: Record<string, Solution>;
}

/** A problem; everyone sees those that are published. `version` counts its texts, `former` are the earlier ones, oldest first: for all but staff those that were public. `question` is what it came from, unless its author has withdrawn that; then a draft that held their words has the `text` "". */
export interface Bulletin {
  id: string;
  question?: string;
  text: string;
  lang: string;
  at: number;
  version: number;
  state: 'draft' | 'published' | 'withdrawn';
  translations?: Record<string, string>;
  former?: Former[];
}

/** A human captioner's line: `final=False` replaces the line in the making, `final=True` ends it. */
export interface CaptionCommit {
  type: 'caption.commit';
  lang: string;
  text: string;
  final?: boolean;
  speaker?: string | null;
  id: string;
}

/** Puts a final line right. `revision` is the one its author has seen: a line corrected meanwhile is a conflict. Without a `speaker` the line keeps its own. A line of the floor is translated anew, except where a person put it right. */
export interface CaptionCorrect {
  type: 'caption.correct';
  lang: string;
  number: number;
  revision: number;
  text: string;
  speaker?: string | null;
  id: string;
}

/** Says who alone writes a language from now on. `auto`: people, and the recognizer or the translation while they do not. */
export interface CaptionSource {
  type: 'caption.source';
  lang: string;
  source: Choice;
  id: string;
}

/** The state of `{session}/captions/{lang}`: the last finals by their rising number, and the line in the making. `source` is absent while nobody writes: nobody has, and no recognizer listens. */
export interface CaptionState {
  lang: string;
  cues: Record<string, Cue>;
  partial?: Cue;
  source?: Source;
}

export interface ChannelSubscribe {
  type: 'channel.subscribe';
  channel: string;
  resume?: Resume | null;
  id: string;
}

export interface ChannelUnsubscribe {
  type: 'channel.unsubscribe';
  channel: string;
  id: string;
}

/** Takes a message out of everyone's sight; its author learns the reason. */
export interface ChatHide {
  type: 'chat.hide';
  message: string;
  reason: Reason;
  id: string;
}

/** A message; `translations` are the machine's. `role` is there for those who run the session. Only staff sees what is hidden, why, and who is `muted`. */
export interface ChatMessage {
  id: string;
  text: string;
  lang: string;
  at: number;
  number: number;
  translations?: Record<string, string>;
  author?: string;
  role?: string;
  state?: 'hidden' | 'retracted' | 'shown';
  reason?: Reason;
  muted?: boolean;
}

/** Lets the author of a message write nothing more, or write again: nobody need know who that is. */
export interface ChatMute {
  type: 'chat.mute';
  message: string;
  on: boolean;
  id: string;
}

/** Takes one's own message back, for good. */
export interface ChatRetract {
  type: 'chat.retract';
  message: string;
  id: string;
}

/** The result names it: `message`. */
export interface ChatSend {
  type: 'chat.send';
  text: string;
  lang: string;
  id: string;
}

export interface ChatShow {
  type: 'chat.show';
  message: string;
  id: string;
}

/** Slow mode: one message per person in so many seconds; 0 ends it. */
export interface ChatSlow {
  type: 'chat.slow';
  seconds: number;
  id: string;
}

/** The state of `{session}/chat` and, with what is hidden, of `{session}/chat/staff`: the newest messages, and slow mode's seconds. */
export interface ChatState {
  messages: Record<string, ChatMessage>;
  slow?: number;
}

/** What a close lays down: how many were entitled to vote, how many did, and the hash of all ballots (see `digest`). */
export interface Count {
  entitled: number;
  ballots: number;
  hash: string;
}

/** One caption line in `lang`. `start` and `end` are ms since 1970 UTC; a partial one has no `end` yet. A recognizer's times are the sound's own (RTP), put on the clock by when the sound came in. `origin` says who made the words of the floor, `via` how they came into this language: `untranslated` means that the text stands in the floor's language because nobody could translate it, `human` that a person put the translation right. A final changes only by a correction, and `revision` counts those. */
export interface Cue {
  text: string;
  lang: string;
  start: number;
  origin: 'human' | 'ingest' | 'recognizer' | 'scripted';
  via: 'human' | 'machine' | 'original' | 'untranslated';
  end?: number;
  speaker?: string;
  revision?: number;
}

/** The count, seat by seat: `yes`, `no`, `abstain` and `silent` are together the `entitled`, and those and the `absent` all seats. */
export interface Division {
  entitled: number;
  absent: number;
  yes: number;
  no: number;
  abstain: number;
  silent: number;
  adopted: boolean;
}

/** `number` rises by one in a session; `at` is in ms since 1970 UTC; `act` is a command's name. */
export interface Entry {
  number: number;
  at: number;
  act: string;
  seat?: string;
  motion?: string;
}

/** `zone` is the IANA time zone of the place; `starts_at` and `ends_at` are when the whole of it is, where somebody has said so. `version` is the number of acts that made the programme what it is. */
export interface Event {
  id: string;
  names: Record<string, string>;
  tracks: Track[];
  sessions: Session[];
  zone?: string;
  starts_at?: number | null;
  ends_at?: number | null;
  version?: number;
}

/** A command that was refused (its `id`) or a message that was none (`id` null): RFC 9457 in `problem`. A `conflict` may say in `current` how the object is now; a `too_soon` in `retry_after` how many seconds to wait. */
export interface Failure {
  type: 'error';
  id: string | null;
  problem: Record<string, unknown>;
}

/** Accepts the invitation onto the stage. */
export interface FloorAccept {
  type: 'floor.accept';
  id: string;
}

/** Brings who has accepted onto the stage, in the place of who is there. Where neither the `expected_hand` is there (None for an empty stage) nor the one that is called, it is refused as `conflict`. */
export interface FloorCall {
  type: 'floor.call';
  hand: string;
  expected_hand?: string | null;
  id: string;
}

/** Declines it: the hand is down. */
export interface FloorDecline {
  type: 'floor.decline';
  id: string;
}

/** Lowers someone's hand. */
export interface FloorDismiss {
  type: 'floor.dismiss';
  hand: string;
  id: string;
}

/** Clears the stage. Where a `hand` is given and its owner is not who is there, it is refused as `conflict`. */
export interface FloorDown {
  type: 'floor.down';
  hand?: string | null;
  id: string;
}

export interface FloorInvite {
  type: 'floor.invite';
  hand: string;
  id: string;
}

/** Leaves the stage. */
export interface FloorLeave {
  type: 'floor.leave';
  id: string;
}

/** One's own hand. */
export interface FloorLower {
  type: 'floor.lower';
  id: string;
}

/** Puts a waiting hand `before` another, or last. */
export interface FloorOrder {
  type: 'floor.order';
  hand: string;
  before: string | null;
  id: string;
}

/** One's hand goes up; one that is up stays where it is. */
export interface FloorRaise {
  type: 'floor.raise';
  id: string;
}

/** How many hands wait, and who is on the stage. Only staff is told whose `hands` are up, by id. */
export interface FloorState {
  waiting: number;
  guest?: Guest;
  hands?: Record<string, Hand>;
}

/** `pair` is the poll that asked the same before. What may change when, `sessions.polls` says. */
export interface Form {
  kind: PollKind;
  texts: Record<string, string>;
  options?: Option[];
  rules?: Rules;
  results_visibility?: Visibility;
  anonymity?: Anonymity;
  revote?: 'final' | 'last';
  pair?: string;
}

/** What a text said before, from `at` on. */
export interface Former {
  text: string;
  lang: string;
  at: number;
}

/** How a word is said from now on, in every translation of the session; without an `entry` the term is taken away. */
export interface GlossarySet {
  type: 'glossary.set';
  term: string;
  entry: Term | null;
  id: string;
}

/** The state of `{session}/glossary`: the session's own terms, how many words were wanted so far and are in the translations, and what becomes of vulgar words. */
export interface GlossaryState {
  terms: Record<string, Term>;
  wanted: number;
  hit: number;
  profanity: 'mask' | 'remove' | 'show';
}

/** Who is on the stage `since` (ms since 1970 UTC), by the name they gave. */
export interface Guest {
  lang: string;
  since: number;
  name?: string;
}

/** A hand that is up. `place` rises along the queue; times are in ms since 1970 UTC. */
export interface Hand {
  state: 'accepted' | 'invited' | 'on_stage' | 'waiting';
  place: number;
  lang: string;
  raised_at: number;
  name?: string;
  stage_at?: number;
}

/** The first message, within 5 s; `captions` is the language to follow, if any. */
export interface Hello {
  type: 'hello';
  token: string;
  captions?: string | null;
  resume?: Record<string, Resume>;
}

/** `name` is what a player of a named quiz goes by, else a sign that stays theirs. */
export interface Leader {
  name: string;
  score: number;
}

/** What is one's own; a shared update never touches it. `voted` holds the questions one voted for, each true; `ballots` is as kept: a quiz' options with the ms each took; `cast` names the secret polls one has voted in: how, nobody says. `seat` is a delegate's, `votes` are those of their seat by motion; `hand` is one's own, while it is up. `muted` is whether a moderator lets one write nothing in the chat; `acknowledged` are announcements, `supported` solutions. */
export interface Me {
  person: Person;
  rights: string[];
  ballots: Record<string, string[] | number | string | Record<string, number>>;
  cast: Record<string, boolean>;
  voted: Record<string, boolean>;
  questions: Record<string, OwnQuestion>;
  votes: Record<string, 'abstain' | 'no' | 'yes'>;
  seat?: string | null;
  hand?: OwnHand | null;
  acknowledged: Record<string, boolean>;
  messages: Record<string, OwnMessage>;
  muted: boolean;
  solutions: Record<string, OwnSolution>;
  supported: Record<string, boolean>;
}

/** How often moderators did what (by command), and why they dismissed. */
export interface Moderation {
  acts: Record<string, number>;
  reasons: Record<string, number>;
}

/** Brings back what an entry of the log changed, where nothing has changed it since. */
export interface ModerationUndo {
  type: 'moderation.undo';
  entry: number;
  id: string;
}

/** Watches for these words in questions of a language, instead of those before: hints to moderators, no verdicts. */
export interface ModerationWatch {
  type: 'moderation.watch';
  lang: string;
  words: string[];
  id: string;
}

/** A motion. `voted` says how many seats have; which ones (`silent` are the others) only staff is told before the close, and how (`votes`) nobody. */
export interface Motion {
  texts: Record<string, string>;
  majority: 'simple' | 'two_thirds';
  order: number;
  state: 'closed' | 'open' | 'withdrawn';
  entitled: number;
  voted: number;
  silent?: string[];
  votes?: Record<string, 'abstain' | 'no' | 'yes'>;
  division?: Division;
}

export interface MotionClose {
  type: 'motion.close';
  motion: string;
  id: string;
}

/** Puts a motion to the vote of the seats that are present. The result names it: `motion`. */
export interface MotionPut {
  type: 'motion.put';
  texts: Record<string, string>;
  majority?: 'simple' | 'two_thirds';
  id: string;
}

/** The vote of one's seat; a later one replaces it until the close. */
export interface MotionVote {
  type: 'motion.vote';
  motion: string;
  choice: 'abstain' | 'no' | 'yes';
  id: string;
}

export interface MotionWithdraw {
  type: 'motion.withdraw';
  motion: string;
  id: string;
}

/** A merge patch on `Me`, to every socket of one person (another tab voted; a question was dismissed). */
export interface My {
  type: 'my';
  data: Record<string, unknown>;
}

/** `image` is an address that the pages show. */
export interface Option {
  id: string;
  texts: Record<string, string>;
  image?: string;
}

/** One's own hand; `ahead` is how many wait before it, while it waits. */
export interface OwnHand {
  state: 'accepted' | 'invited' | 'on_stage' | 'waiting';
  ahead?: number;
}

/** What became of one's own message. */
export interface OwnMessage {
  state: 'hidden' | 'retracted' | 'shown';
  reason?: Reason;
}

/** One's own question and what becomes of it. One that is `merged_into` another goes where that one goes. */
export interface OwnQuestion {
  id: string;
  text: string;
  lang: string;
  asked_at: number;
  state: 'archived' | 'dismissed' | 'pending' | 'published' | 'withdrawn';
  answer_state: 'answered' | 'answering' | 'unanswered';
  anonymous?: boolean;
  reason?: Reason;
  answer?: string;
  original?: string;
  appeal?: string;
  merged_into?: string;
}

/** What became of one's own solution. */
export interface OwnSolution {
  state: 'hidden' | 'open' | 'retracted';
  reason?: Reason;
}

export interface Person {
  id: string;
  role: string;
  lang: string;
  name?: string;
}

/** The session is of this format from now on, with all that the format has on. */
export interface PolicyPick {
  type: 'policy.pick';
  format: Format;
  id: string;
}

/** What the session allows from now on, whole. */
export interface PolicySet {
  type: 'policy.set';
  policy: SessionPolicy;
  id: string;
}

/** A poll; `tally` is absent while its reader may not know the result. `voters` is the turnout. With `results_visibility` after_vote, who has voted follows the tally on the channel `{session}/polls/{poll}/{round}`. A secret poll has a `count` once it is closed, and no tally before. `opened_at` is when its clock started; one with `rules.seconds` takes ballots until then. `rules.correct` is absent until it is over. `translations` are a machine's, by language that the author did not write: of options by their id, of the question under "". */
export interface Poll {
  id: string;
  kind: PollKind;
  state: PollState;
  texts: Record<string, string>;
  options: Option[];
  rules: Rules;
  results_visibility: Visibility;
  anonymity: Anonymity;
  revote: 'final' | 'last';
  order: number;
  round: number;
  voters: number;
  pair?: string;
  opened_at?: number;
  translations?: Record<string, Record<string, string>>;
  count?: Count;
  tally?: Tally;
}

export interface PollArchive {
  type: 'poll.archive';
  poll: string;
  id: string;
}

export interface PollClose {
  type: 'poll.close';
  poll: string;
  id: string;
}

/** A draft. The result names it: `poll`. */
export interface PollCreate {
  type: 'poll.create';
  form: Form;
  id: string;
}

/** Forgets a draft that was never open. */
export interface PollDelete {
  type: 'poll.delete';
  poll: string;
  id: string;
}

/** Another form, whole. What there is to answer is frozen once someone has answered. */
export interface PollEdit {
  type: 'poll.edit';
  poll: string;
  form: Form;
  id: string;
}

/** Keeps a word or an answer (a key of the tally's counts) from everyone's sight, or lets them see it. */
export interface PollHold {
  type: 'poll.hold';
  poll: string;
  word: string;
  on: boolean;
  id: string;
}

export interface PollOpen {
  type: 'poll.open';
  poll: string;
  id: string;
}

export interface PollPause {
  type: 'poll.pause';
  poll: string;
  id: string;
}

/** A new round, as a draft without ballots. */
export interface PollReset {
  type: 'poll.reset';
  poll: string;
  id: string;
}

export interface PollReveal {
  type: 'poll.reveal';
  poll: string;
  id: string;
}

/** One's ballot; a second one replaces the first until the poll closes, or is refused if the first is final. Options chosen (a ranking: best first) or words are a list; a rating, scale or number is one; an answer is a text; a budget is a number per option, a point its `x` and `y` in thousandths of the picture. */
export interface PollVote {
  type: 'poll.vote';
  poll: string;
  ballot: string[] | number | string | Record<string, number>;
  id: string;
}

/** People in the session, however many connections each has. `regions` are as people wrote them; those of fewer than five, and what would give them away, are told to staff alone. */
export interface Presence {
  total: number;
  languages: Record<string, number>;
  regions: Record<string, number>;
}

/** Makes a problem of a question, in its words or in these. The result names it: `problem`. */
export interface ProblemPromote {
  type: 'problem.promote';
  question: string;
  text?: string | null;
  lang?: string | null;
  id: string;
}

/** Makes it a bulletin that everyone reads and proposes solutions to. */
export interface ProblemPublish {
  type: 'problem.publish';
  problem: string;
  id: string;
}

/** A new version of the text. Where it is no longer at the `expected_version`, it is refused as `conflict` with it in `current`. */
export interface ProblemRevise {
  type: 'problem.revise';
  problem: string;
  text: string;
  lang: string;
  expected_version?: number | null;
  id: string;
}

/** Takes it out of everyone's sight with its solutions, until it is published again. */
export interface ProblemWithdraw {
  type: 'problem.withdraw';
  problem: string;
  id: string;
}

/** What the captions do with vulgar words from now on; lines that were told stay as they are. */
export interface ProfanitySet {
  type: 'profanity.set';
  policy: 'mask' | 'remove' | 'show';
  id: string;
}

/** A question as its reader may know it: `author` is absent when asked anonymously (also for moderators). `translations` are the machine's, or a person's in the languages that `corrected` names. Only staff is told the fields from `version` on: `original` is what was asked before it was edited, `similar` are ids that may ask the same, `flagged` are watched words in it, `appeal` is what its author said to a dismissal. */
export interface Question {
  id: string;
  text: string;
  lang: string;
  asked_at: number;
  state: 'archived' | 'dismissed' | 'pending' | 'published' | 'withdrawn';
  answer_state: 'answered' | 'answering' | 'unanswered';
  votes: number;
  translations: Record<string, string>;
  corrected?: string[];
  author?: string;
  answer?: string;
  answer_lang?: string;
  answer_translations?: Record<string, string>;
  edited_at?: number;
  version?: number;
  reason?: Reason;
  original?: string;
  appeal?: string;
  merged_into?: string;
  labels?: string[];
  similar?: string[];
  flagged?: string[];
}

/** Marks a question answered, live or, with a `text`, in writing; without a `lang` in the language the caller came in with. */
export interface QuestionAnswer {
  type: 'question.answer';
  text?: string | null;
  lang?: string | null;
  id: string;
  expected_version?: number | null;
  question: string;
}

/** Asks the moderators to look again at one's own question that was dismissed; once. */
export interface QuestionAppeal {
  type: 'question.appeal';
  question: string;
  text: string;
  id: string;
}

/** Puts a published question away. */
export interface QuestionArchive {
  type: 'question.archive';
  id: string;
  expected_version?: number | null;
  question: string;
}

export interface QuestionAsk {
  type: 'question.ask';
  text: string;
  lang: string;
  anonymous?: boolean;
  id: string;
}

export interface QuestionDismiss {
  type: 'question.dismiss';
  reason: Reason;
  id: string;
  expected_version?: number | null;
  question: string;
}

/** Other words for one's own question; a moderator has to look again. */
export interface QuestionEdit {
  type: 'question.edit';
  question: string;
  text: string;
  lang: string;
  id: string;
}

/** Puts a published question on the stage; None clears it. Where neither the `expected_stage` is on it (None for an empty one) nor what is wanted, it is refused as `conflict` with the question that is, if one is, in `current`. */
export interface QuestionHighlight {
  type: 'question.highlight';
  question: string | null;
  expected_stage?: string | null;
  id: string;
  expected_version?: number | null;
}

/** These labels instead of those it has. */
export interface QuestionLabel {
  type: 'question.label';
  labels: string[];
  id: string;
  expected_version?: number | null;
  question: string;
}

/** Lets the question `into` stand for this one, its votes included, until it is unmerged. */
export interface QuestionMerge {
  type: 'question.merge';
  into: string;
  id: string;
  expected_version?: number | null;
  question: string;
}

export interface QuestionPublish {
  type: 'question.publish';
  id: string;
  expected_version?: number | null;
  question: string;
}

/** It is unanswered after all; a written answer goes. */
export interface QuestionReopen {
  type: 'question.reopen';
  id: string;
  expected_version?: number | null;
  question: string;
}

/** An archived question is published again, a dismissed one waits again. */
export interface QuestionRestore {
  type: 'question.restore';
  id: string;
  expected_version?: number | null;
  question: string;
}

/** Slow mode: one question per person in so many seconds; 0 ends it. */
export interface QuestionSlow {
  type: 'question.slow';
  seconds: number;
  id: string;
}

/** Begins to answer a published question. */
export interface QuestionTake {
  type: 'question.take';
  id: string;
  expected_version?: number | null;
  question: string;
}

/** A question in another language, instead of the machine's translation. */
export interface QuestionTranslate {
  type: 'question.translate';
  lang: string;
  text: string;
  id: string;
  expected_version?: number | null;
  question: string;
}

export interface QuestionUnmerge {
  type: 'question.unmerge';
  id: string;
  expected_version?: number | null;
  question: string;
}

/** Puts one's vote on a question or takes it off: says how it should be, so a repeat changes nothing. */
export interface QuestionVote {
  type: 'question.vote';
  question: string;
  on: boolean;
  id: string;
}

/** Takes one's own question back, for good. */
export interface QuestionWithdraw {
  type: 'question.withdraw';
  question: string;
  id: string;
}

export interface ReactionSend {
  type: 'reaction.send';
  reaction: Reaction;
  id: string;
}

/** The last update a client holds of a channel. */
export interface Resume {
  epoch: string;
  seq: number;
}

/** The `window` of Welcome as it is now, when it has doubled or halved. A close with 1012 or 1013 tells it too: its reason begins with `window=`, the ms, and `;`. */
export interface Retry {
  type: 'retry';
  window: number;
}

/** What a ballot must keep to; each kind reads what concerns it. `low` and `high` bound a number; `budget` is what there is to give away; `seconds` after the opening no ballot is taken (0: no limit); `correct` are a quiz' right options; `image` is what a point is set on; `held_first` keeps new words from sight until a moderator releases them. */
export interface Rules {
  min_choices?: number;
  max_choices?: number;
  low?: number;
  high?: number;
  budget?: number;
  seconds?: number;
  correct?: string[];
  image?: string;
  held_first?: boolean;
}

/** A delegation's place at a summit. */
export interface Seat {
  id: string;
  names: Record<string, string>;
}

/** How the server is, behind Welcome if it is `degraded`, and whenever that changes: its processes do not hear each other, so that what others do may be late. What is acknowledged is kept all the same. */
export interface Service {
  type: 'service';
  degraded: boolean;
}

/** One talk, forum or summit. `captions` are the languages it is captioned in, the floor's own among them; `interpreted` are those that have a booth, the floor's not among them. `rules` are what its policy has otherwise than its format (`formats.Policy`); `seats` are those of a summit. `room` is where it takes place, as the signs there say, or nothing; `version` rises with every change. One that is `cancelled` stays in the programme, so that people read that it is. */
export interface Session {
  id: string;
  titles: Record<string, string>;
  track: string;
  format: Format;
  starts_at: number;
  ends_at: number;
  floor: string;
  captions: string[];
  speakers: Speaker[];
  interpreted?: string[];
  rules?: Record<string, unknown>;
  seats?: Seat[];
  room?: string;
  cancelled?: boolean;
  version?: number;
}

/** The rules of one session. Times are in seconds, 0 is without limit. `turn_seconds` is what a guest has on the stage, `speech_seconds` what a speech of the summit may take, `account_seconds` what each seat has in all and `point_seconds` a point of order. `quorum` is in seats, 0 is more than half; with `wait` the next speech begins when the slowest interpreter is through with the one before. */
export interface SessionPolicy {
  format: Format;
  questions?: Who;
  anonymous?: boolean;
  votes?: Who;
  polls?: Who;
  reactions?: Who;
  hands?: Who;
  chat?: Who;
  summit?: boolean;
  turn_seconds?: number;
  speech_seconds?: number;
  account_seconds?: number;
  point_seconds?: number;
  quorum?: number;
  wait?: boolean;
}

/** The state of `{session}/public` and, with pending questions, drafts, the newest acts (`log`), watched words and venues, of `{session}/staff`. `interpreting` are the languages whose booths speak now. `next` are questions in the order that is fair to all regions and languages; `slow` is how many seconds a person waits between two questions, absent when they need not. `policy` says what is on; `floor` is absent where no hands are raised, `summit` where the session is none. */
export interface SessionState {
  session: Session;
  questions: Record<string, Question>;
  polls: Record<string, Poll>;
  live: boolean;
  interpreting: string[];
  presence: Presence;
  reactions: Record<string, number>;
  moderation: Moderation;
  next: string[];
  policy: SessionPolicy;
  floor?: FloorState;
  summit?: SummitState;
  announcements: Record<string, Announcement>;
  stage?: string;
  slow?: number;
  log?: Record<string, Act>;
  watched?: Record<string, string[]>;
  venues?: Venues;
}

/** The whole state of a channel at `seq`. Forget what you had of it. */
export interface Snapshot {
  type: 'snapshot';
  channel: string;
  epoch: string;
  seq: number;
  data: SessionState | CaptionState | GlossaryState | ChatState | BoardState;
}

/** What somebody proposed; everyone sees those that are open, of published problems. `votes` is absolute. */
export interface Solution {
  id: string;
  problem: string;
  text: string;
  lang: string;
  at: number;
  version: number;
  votes: number;
  translations?: Record<string, string>;
  former?: Former[];
  author?: string;
  state?: 'hidden' | 'open' | 'retracted';
  reason?: Reason;
}

/** A new version of one's own solution; votes stay, and everyone sees what it said before. */
export interface SolutionAmend {
  type: 'solution.amend';
  solution: string;
  text: string;
  lang: string;
  id: string;
}

/** Takes a solution out of everyone's sight; its author learns the reason. */
export interface SolutionHide {
  type: 'solution.hide';
  solution: string;
  reason: Reason;
  id: string;
}

/** The result names it: `solution`. */
export interface SolutionPropose {
  type: 'solution.propose';
  problem: string;
  text: string;
  lang: string;
  anonymous?: boolean;
  id: string;
}

/** Takes one's own solution back, for good. */
export interface SolutionRetract {
  type: 'solution.retract';
  solution: string;
  id: string;
}

export interface SolutionShow {
  type: 'solution.show';
  solution: string;
  id: string;
}

/** Puts one's vote on a solution or takes it off: says how it should be, so a repeat changes nothing. */
export interface SolutionSupport {
  type: 'solution.support';
  solution: string;
  on: boolean;
  id: string;
}

/** Where a language's lines come from now, and whether they do. `degraded`: late, or from a second choice, or not translated. `doubtful`: what is heard makes little sense, as when another language is spoken, and lines that are not sure are held back. `silent`: none came for a while. `choice` is what was asked for. */
export interface Source {
  kind: 'human' | 'ingest' | 'off' | 'recognizer' | 'scripted' | 'translation';
  state: 'active' | 'degraded' | 'doubtful' | 'silent';
  choice?: Choice;
}

/** `role` says what they do; `region` is theirs to declare and absent when they did not. */
export interface Speaker {
  name: string;
  role: Record<string, string>;
  region?: string;
}

/** `spent` ms had run when the clock last stood; it runs `since`, or stands. `limit` ms is what it counts down from. What runs past the limit is counted like the rest: whether to cut a speaker off is the chair's to say. */
export interface Speech {
  seat: string;
  state: 'over' | 'paused' | 'speaking' | 'waiting';
  point?: boolean;
  limit?: number;
  spent?: number;
  since?: number;
}

/** One's seat is present. */
export interface SummitAnswer {
  type: 'summit.answer';
  id: string;
}

/** Asks to speak for one's seat, or no longer. */
export interface SummitAsk {
  type: 'summit.ask';
  on: boolean;
  id: string;
}

/** Gives a seat the floor; without one, whose turn it is: points of order first, then who has spoken least. */
export interface SummitCall {
  type: 'summit.call';
  seat?: string | null;
  id: string;
}

/** Says by how many seconds the interpretation into a language is behind. */
export interface SummitDeclare {
  type: 'summit.declare';
  lang: string;
  seconds: number;
  id: string;
}

/** Does not hear a seat's point of order. */
export interface SummitDeny {
  type: 'summit.deny';
  seat: string;
  id: string;
}

export interface SummitEnd {
  type: 'summit.end';
  id: string;
}

export interface SummitMark {
  type: 'summit.mark';
  seat: string;
  present: boolean;
  id: string;
}

export interface SummitPause {
  type: 'summit.pause';
  id: string;
}

/** Raises a point of order. */
export interface SummitPoint {
  type: 'summit.point';
  id: string;
}

/** Calls the roll: all are absent until they answer. Or ends it. */
export interface SummitRoll {
  type: 'summit.roll';
  on: boolean;
  id: string;
}

/** The speaker's clock runs, for the first time or again. */
export interface SummitStart {
  type: 'summit.start';
  id: string;
}

/** A summit: accounts by seat, the queue by whose turn it is, seats with a point of order, and the newest acts by number. A clock counts from `speech.since` on the server's clock. `aside` is the speech that a point of order interrupted; the next speech starts at `free_at` at the earliest. `lags` are in ms, by language; `quorum` is in seats. */
export interface SummitState {
  seats: Record<string, Account>;
  queue: string[];
  points: string[];
  roll: boolean;
  quorum: number;
  lags: Record<string, number>;
  motions: Record<string, Motion>;
  record: Record<string, Entry>;
  speech?: Speech;
  aside?: Speech;
  free_at?: number;
}

/** The result so far; `version` rises with every change. `counts` are absolute: votes per option or number (`low..high` for a range), points of a ranking, sums of a budget, votes per word or per cell (`column.row` of 20) of a picture. `texts` are the words behind the keys; `held` those that only staff sees; `mean` and `median` are of numbers; `leaders` are those of all quizzes so far. */
export interface Tally {
  version: number;
  counts: Record<string, number>;
  texts?: Record<string, string>;
  held?: Record<string, boolean>;
  mean?: number;
  median?: number;
  leaders?: Leader[];
}

/** One thing in several languages, by base tag. `film|films` are forms that correspond by their place. `protect` says that where a language is not listed the word stays as it was said: a name, a title. Lower case stands for any case; with a capital only that spelling is meant. */
export interface Term {
  texts: Record<string, string>;
  protect?: boolean;
}

export interface Track {
  id: string;
  names: Record<string, string>;
}

/** The next step of a channel: `seq` follows the last one; `data` is a merge patch on the channel's state. */
export interface Update {
  type: UpdateType;
  channel: string;
  epoch: string;
  seq: number;
  data: Record<string, unknown>;
}

/** Where the floor is published from, `a` or its backup `b`: which of them is on air, and from which ones media arrives. */
export interface Venues {
  on_air: 'a' | 'b';
  arriving: ('a' | 'b')[];
}

/** The answer to Hello; snapshots or missed updates of `channels` follow. `server_time` is in ms. A client whose connection breaks comes back at a random moment within `window` ms: others' break together with it. */
export interface Welcome {
  type: 'welcome';
  connection: string;
  server_time: number;
  window: number;
  channels: string[];
  me: Me;
}

export type Command = ChannelSubscribe | ChannelUnsubscribe | QuestionAsk | QuestionEdit | QuestionWithdraw | QuestionAppeal | QuestionVote | QuestionPublish | QuestionDismiss | QuestionArchive | QuestionRestore | QuestionHighlight | QuestionTake | QuestionAnswer | QuestionReopen | QuestionLabel | QuestionMerge | QuestionUnmerge | QuestionTranslate | QuestionSlow | ModerationWatch | ModerationUndo | PollOpen | PollClose | PollReveal | PollPause | PollArchive | PollReset | PollCreate | PollEdit | PollDelete | PollHold | PollVote | FloorRaise | FloorLower | FloorAccept | FloorDecline | FloorLeave | FloorInvite | FloorOrder | FloorDismiss | FloorCall | FloorDown | SummitRoll | SummitAnswer | SummitMark | SummitAsk | SummitPoint | SummitDeny | SummitCall | SummitStart | SummitPause | SummitEnd | SummitDeclare | MotionPut | MotionVote | MotionClose | MotionWithdraw | PolicyPick | PolicySet | AnnouncementCompose | AnnouncementWithdraw | AnnouncementAcknowledge | ChatSend | ChatRetract | ChatHide | ChatShow | ChatMute | ChatSlow | ProblemPromote | ProblemRevise | ProblemPublish | ProblemWithdraw | SolutionPropose | SolutionAmend | SolutionRetract | SolutionSupport | SolutionHide | SolutionShow | ReactionSend | CaptionCommit | CaptionCorrect | CaptionSource | GlossarySet | ProfanitySet;

export type ClientMessage = Hello | ChannelSubscribe | ChannelUnsubscribe | QuestionAsk | QuestionEdit | QuestionWithdraw | QuestionAppeal | QuestionVote | QuestionPublish | QuestionDismiss | QuestionArchive | QuestionRestore | QuestionHighlight | QuestionTake | QuestionAnswer | QuestionReopen | QuestionLabel | QuestionMerge | QuestionUnmerge | QuestionTranslate | QuestionSlow | ModerationWatch | ModerationUndo | PollOpen | PollClose | PollReveal | PollPause | PollArchive | PollReset | PollCreate | PollEdit | PollDelete | PollHold | PollVote | FloorRaise | FloorLower | FloorAccept | FloorDecline | FloorLeave | FloorInvite | FloorOrder | FloorDismiss | FloorCall | FloorDown | SummitRoll | SummitAnswer | SummitMark | SummitAsk | SummitPoint | SummitDeny | SummitCall | SummitStart | SummitPause | SummitEnd | SummitDeclare | MotionPut | MotionVote | MotionClose | MotionWithdraw | PolicyPick | PolicySet | AnnouncementCompose | AnnouncementWithdraw | AnnouncementAcknowledge | ChatSend | ChatRetract | ChatHide | ChatShow | ChatMute | ChatSlow | ProblemPromote | ProblemRevise | ProblemPublish | ProblemWithdraw | SolutionPropose | SolutionAmend | SolutionRetract | SolutionSupport | SolutionHide | SolutionShow | ReactionSend | CaptionCommit | CaptionCorrect | CaptionSource | GlossarySet | ProfanitySet;

export type ServerMessage = Welcome | Retry | Service | Snapshot | Update | Ack | Failure | My;

export type Reconnect = 'never' | 'soon' | 'spread' | 'later';

/** What to do after the socket closed with a code; one that is not here is treated like 1006. */
export const CLOSES: Record<number, { reconnect: Reconnect; meaning: string }> = {
  1000: { reconnect: 'never', meaning: 'finished' },
  1001: { reconnect: 'soon', meaning: 'the other side is leaving' },
  1002: { reconnect: 'never', meaning: 'this was not WebSocket' },
  1003: { reconnect: 'never', meaning: 'messages are text, not binary' },
  1006: { reconnect: 'soon', meaning: 'the connection broke (never sent, only seen)' },
  1007: { reconnect: 'never', meaning: 'a message was not UTF-8' },
  1008: { reconnect: 'never', meaning: 'a rule was broken, such as no hello in time' },
  1009: { reconnect: 'never', meaning: 'a message was longer than allowed' },
  1011: { reconnect: 'soon', meaning: 'the server failed' },
  1012: { reconnect: 'spread', meaning: 'the server restarts' },
  1013: { reconnect: 'later', meaning: 'the client read too slowly, or the server is full' },
  4401: { reconnect: 'never', meaning: 'the token is missing, wrong or expired' },
  4403: { reconnect: 'never', meaning: 'the token does not allow this' },
  4409: { reconnect: 'never', meaning: 'the same client connected again elsewhere' },
};

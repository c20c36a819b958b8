"""Whether a poll's form makes sense, and whether two ask for the same answers. Pure."""

from msgspec import structs

from sessions.errors import Invalid
from sessions.kinds import FAMILIES
from sessions.kinds.choice import YES_NO
from sessions.kinds.form import OPTIONS_LIMIT, Form, Option
from sessions.programme import Texts
from sessions.text import clean, language

TEXT_LIMIT = 200
"""Graphemes of a poll's question, in each language; a longer one is refused."""

OPTION_LIMIT = 100
"""Graphemes of an option, in each language; a longer one is refused."""

IMAGE_LIMIT = 500
"""Characters of a picture's address; a longer one is refused."""

SECONDS_LIMIT = 24 * 3600
"""Seconds a poll may be open by its clock."""

SECRET_KINDS = ("single", "multiple", "yesno")
"""Of secret polls: kinds whose ballots are alike enough to say nothing of who cast them."""


def checked(form: Form) -> Form:
    """The form as it may be kept: its texts clean, its tags usual. Raises Invalid, TooLong."""
    form = structs.replace(form, texts=_texts(form.texts, TEXT_LIMIT), options=_options(form))
    form = structs.replace(form, rules=structs.replace(form.rules, image=_image(form.rules.image)))
    if not 0 <= form.rules.seconds <= SECONDS_LIMIT:
        raise Invalid(f"a poll's clock runs for {SECONDS_LIMIT} seconds at most")
    if form.anonymity == "secret" and form.kind not in SECRET_KINDS:
        raise Invalid(f"a secret poll is one of these kinds: {', '.join(SECRET_KINDS)}")
    FAMILIES[form.kind].form(form)
    return form


def alike(one: Form, other: Form) -> bool:
    """Whether both ask for the same answers, whatever their words and who sees the result."""
    if _answers(one) != _answers(other):
        return False
    return structs.replace(one, texts=other.texts, options=other.options, results_visibility=other.results_visibility) == other


def repeats(one: Form, other: Form) -> bool:
    """Whether `other` can be set beside `one`: the same kind, options and bounds."""
    return (one.kind, one.rules, _answers(one)) == (other.kind, other.rules, _answers(other))


def _answers(form: Form) -> list[tuple[str, str | None]]:
    return [(option.id, option.image) for option in form.options]


def _options(form: Form) -> list[Option]:
    if form.kind == "yesno":  # the pages have words for these in every language
        return [Option(id, {}) for id in YES_NO]
    ids = [option.id for option in form.options]
    if len(ids) > OPTIONS_LIMIT or len(set(ids)) != len(ids):
        raise Invalid(f"a poll has {OPTIONS_LIMIT} options at most, each with its own id")
    return [Option(option.id, _texts(option.texts, OPTION_LIMIT), _image(option.image)) for option in form.options]


def _texts(texts: Texts, limit: int) -> Texts:
    if not texts:
        raise Invalid("a text is missing")
    return {language(tag): clean(text, limit, "a text") for tag, text in texts.items()}


def _image(image: str | None) -> str | None:
    # Only addresses that a page may show: no scripts, no data of any size.
    if image is not None and not (len(image) <= IMAGE_LIMIT and image.isprintable() and image.startswith(("https://", "/"))):
        raise Invalid(f"a picture is an https address of {IMAGE_LIMIT} characters at most")
    return image


def unwritten(form: Form, lang: str) -> dict[str, Texts]:
    """The texts that the form's author did not write in a language: an option's by its id, the question under no name."""
    texts = {"": form.texts}
    if form.kind != "yesno":  # the pages have their own words for yes and no
        texts |= {option.id: option.texts for option in form.options}
    base = lang.split("-")[0]
    return {key: known for key, known in texts.items() if known and all(tag.split("-")[0] != base for tag in known)}

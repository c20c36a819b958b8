"""People come before the machine, a choice before both, and a line that is being read is let to its end."""

import pytest

from translation.sources import HOLD, SILENT, Choice, Origin, Source, Writer


def test_nobody_has_written_and_nobody_listens() -> None:
    assert Writer().source(0.0) is None


def test_a_person_keeps_the_machine_out_for_a_while() -> None:
    writer = Writer()
    assert writer.admit("human", True, 100.0)
    assert not writer.admit("recognizer", True, 100.0 + HOLD - 0.1)
    assert writer.admit("recognizer", True, 100.0 + HOLD)


def test_the_machines_line_that_readers_have_begun_is_let_to_its_end() -> None:
    writer = Writer()
    assert writer.admit("recognizer", False, 1.0)
    assert writer.admit("human", False, 2.0)
    assert not writer.admit("recognizer", False, 3.0)
    assert writer.admit("recognizer", True, 4.0)
    assert not writer.admit("recognizer", True, 5.0)
    assert writer.kind == "human"


def test_a_persons_line_is_let_to_its_end_when_the_recognizer_is_chosen() -> None:
    writer = Writer()
    assert writer.admit("human", False, 1.0)
    writer.choose("recognizer", 2.0)
    assert not writer.admit("human", False, 3.0)
    assert writer.admit("human", True, 4.0)
    assert not writer.admit("human", True, 5.0)


@pytest.mark.parametrize("choice", ["recognizer", "human", "ingest", "scripted"])
def test_a_choice_lets_nobody_else_write(choice: Origin) -> None:
    writer = Writer(choice)
    origins: list[Origin] = ["recognizer", "human", "ingest", "scripted"]
    assert [origin for origin in origins if writer.admit(origin, True, 1.0)] == [choice]


def test_off_lets_nobody_write() -> None:
    writer = Writer("off")
    assert not writer.admit("human", True, 1.0)
    assert writer.holds(1.0)
    assert writer.source(1.0) == Source(kind="off", state="silent", choice="off")


@pytest.mark.parametrize(("choice", "held"), [("auto", False), ("recognizer", False), ("human", True), ("ingest", True), ("off", True)])
def test_a_choice_of_people_keeps_the_translation_out(choice: Choice, held: bool) -> None:
    assert Writer(choice).holds(1.0) is held


def test_a_source_that_says_nothing_for_a_while_is_silent_until_it_does() -> None:
    writer = Writer()
    writer.listen(True, 0.0)
    assert writer.source(SILENT - 0.1) == Source(kind="recognizer", state="active")
    assert writer.source(SILENT) == Source(kind="recognizer", state="silent")
    writer.admit("recognizer", False, SILENT + 1)
    assert writer.source(SILENT + 1) == Source(kind="recognizer", state="active")


def test_the_source_goes_back_to_the_recognizer_when_people_stop() -> None:
    writer = Writer()
    writer.listen(True, 0.0)
    writer.faulty = True
    assert writer.source(1.0) == Source(kind="recognizer", state="degraded")
    writer.admit("ingest", True, 2.0)
    assert writer.source(3.0) == Source(kind="ingest", state="active")
    assert writer.source(2.0 + HOLD) == Source(kind="recognizer", state="degraded")

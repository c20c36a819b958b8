"""The rows of the floor, the summit and the policy, on SQLite and on PostgreSQL; and programmes from before there were formats."""

import json
from functools import partial

import msgspec
from alembic import command
from msgspec import structs
from sqlalchemy import text

from server.migrating import config, migrate
from sessions import formats, loading, podiums
from sessions.database import connect
from sessions.floor import Hand
from sessions.motions import Motions
from sessions.record import Entry
from sessions.store import Store, Write
from sessions.summit import Account, Summit

S = "summit"


def hand(person: str, **others: object) -> Write:
    made = Hand(id=f"of-{person}", person=person, lang="ar", raised_at=1_700_000_000_000, place=1, **others)  # type: ignore[arg-type]
    return Write("hand", {"session": S} | structs.asdict(made))


async def test_what_is_written_is_read_again(store: Store) -> None:
    summit = Summit({"br": Account(1_000, present=True, asked_at=5), "cn": Account()}, points=["br"], lags={"zh": 6_000})
    summit.call(formats.policy("summit"), 10, "br")
    summit.start(11)
    motion = Motions([]).put("m1", {"ar": "فتح الأرشيف"}, "two_thirds", ["br"], 2)
    motion.votes["br"] = "abstain"
    policy = formats.policy("forum", {"quorum": 3})
    entries = [Entry(number=number, at=number, act="summit.call", seat="br") for number in (1, 2)]
    await store.write(
        Write("policy", {"session": S, "policy": msgspec.to_builtins(policy)}),
        Write("summit", {"session": S, "summit": msgspec.to_builtins(summit)}),
        Write("motion", {"id": "m1", "session": S, "motion": msgspec.to_builtins(motion)}),
        hand("ana", name="Ana", state="on_stage", stage_at=7),
        hand("ben", state="lowered"),
        *(Write("record", {"session": S} | structs.asdict(entry)) for entry in entries),
    )
    held = await store.read(partial(podiums.held, session=S))
    assert (held.policy, held.summit, held.motions.items, held.record.entries) == (policy, summit, {"m1": motion}, entries)
    assert [(up.person, up.name, up.state, up.stage_at) for up in held.floor.hands.values()] == [("ana", "Ana", "on_stage", 7)]
    nothing = await store.read(partial(podiums.held, session="other"))
    assert (nothing.policy, nothing.summit, nothing.motions.items, nothing.record.entries) == (None, None, {}, [])


def test_a_session_s_kind_becomes_its_format_and_is_its_kind_again(url: str) -> None:
    engine = connect(url)
    command.upgrade(config(engine), "0010")
    session = {"id": S, "titles": {"en": "Summit"}, "track": "t", "kind": "symposium", "starts_at": 1, "ends_at": 2, "floor": "en"}
    programme = {"id": "e", "names": {}, "tracks": [], "sessions": [session | {"captions": ["en"], "speakers": []}]}
    with engine.begin() as db:
        db.execute(text("INSERT INTO event (id, programme) VALUES ('e', :programme)"), {"programme": json.dumps(programme)})
    migrate(engine)
    with engine.connect() as db:
        event = loading.event(db)
    assert event is not None
    assert event.sessions[0].format == "symposium"
    command.downgrade(config(engine), "0010")
    with engine.connect() as db:
        kept = db.execute(text("SELECT programme FROM event")).scalar_one()
    assert (json.loads(kept) if isinstance(kept, str) else kept) == programme
    engine.dispose()

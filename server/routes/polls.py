"""What a poll's result rests on, once it is over: ballots, secret or by name, and the result by what voters said of themselves."""

from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection, select

from server import views
from server.auth import Principal, authenticated
from server.errors import Conflict, NotFound
from server.routes.api import live_of, services_of
from sessions import ballots, breakdown, tables
from sessions.polls import Poll

router = APIRouter(tags=["polls"])

By = Literal["region", "sector", "language"]
_COLUMNS: dict[By, str] = {"region": "region", "sector": "sector", "language": "lang"}


async def _over(request: Request, session: str, poll: str, caller: Annotated[Principal, Depends(authenticated)]) -> Poll:
    """A poll whose result the caller may know and that nothing is added to: two tables a vote apart would tell the vote."""
    caller.require("session.read", session)
    staff = caller.may("staff.read")
    item = (await live_of(request, session)).polls.items.get(poll)
    if item is None or views.poll(item, staff=staff) is None:
        raise NotFound("there is no such poll")
    if item.state not in views.OVER or not views.shown(item, staff=staff):
        raise Conflict("the result of this poll is not known yet", code="not_over")
    return item


Over = Annotated[Poll, Depends(_over)]


@router.get("/api/sessions/{session}/polls/{poll}/ballots")
async def box(request: Request, session: str, over: Over, caller: Annotated[Principal, Depends(authenticated)]) -> dict[str, Any]:
    """Every ballot of a secret poll by its receipt, and the count that its close laid down: look for yours, count them, hash them.

    Of a named poll staff is told each ballot and its voter's `name`, null where none was given. Of any other nobody is told any.
    """
    if over.form.anonymity == "named" and caller.may("staff.read"):
        return {"ballots": [{"name": over.names.get(person), "ballot": ballot} for person, ballot in over.ballots.items()]}
    if over.count is None:
        raise Conflict("only a secret poll publishes its ballots", code="not_secret")
    rows = await services_of(request).store.read(partial(ballots.box, poll=over.id, round=over.round))
    return {"count": msgspec.to_builtins(over.count), "ballots": [{"receipt": receipt, "ballot": ballot} for receipt, ballot in rows]}


@router.get("/api/sessions/{session}/polls/{poll}/breakdown")
async def by_group(request: Request, session: str, poll: str, over: Over, by: By) -> dict[str, Any]:
    """The result by region, sector or language as voters gave them. Cells below five, and what would give them away, are null."""
    if over.secret:
        raise Conflict("nobody knows who cast a secret ballot", code="secret")
    cast = dict(over.ballots)
    said = await services_of(request).store.read(partial(_said, session=session, column=_COLUMNS[by]))
    rows = breakdown.rows(over.form, [(said.get(person), ballot) for person, ballot in cast.items()])
    return {"by": by, "least": breakdown.LEAST, "rows": msgspec.to_builtins(rows)}


def _said(db: Connection, session: str, column: str) -> dict[str, str | None]:
    table = tables.PersonRow.__table__  # type: ignore[attr-defined]
    rows = db.execute(select(table.c.id, table.c[column]).where(table.c.session == session))
    return {person: said.split("-")[0] if said is not None and column == "lang" else said for person, said in rows}

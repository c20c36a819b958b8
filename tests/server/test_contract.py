"""The contract: the AsyncAPI document is whole, and the client's types are the server's."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from realtime.closing import CloseCode
from server import wire
from server.contract import TYPESCRIPT, asyncapi, typescript


def test_the_clients_types_are_those_of_the_server() -> None:
    assert TYPESCRIPT.read_text(encoding="utf-8") == typescript(), "run: python -m server.contract"


def test_every_command_and_the_hello_can_be_received() -> None:
    document = asyncapi()
    names = {kind.__struct_config__.tag for kind in get_args(wire.Command)}
    assert messages(document, "command") == names
    assert messages(document, "greet") == {"hello"}


def test_every_update_and_the_snapshot_can_be_sent() -> None:
    assert messages(asyncapi(), "follow") == {"snapshot", *get_args(wire.UpdateType)}


def test_a_command_is_answered_by_an_ack_or_an_error() -> None:
    replies = asyncapi()["operations"]["command"]["reply"]["messages"]
    assert {reply["$ref"].rsplit("/", 1)[1] for reply in replies} == {"ack", "error"}


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi()
    references = set(refs(document))
    assert references
    for reference in references:
        at: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in at, reference
            at = at[part]


def test_no_message_is_left_out_of_the_operations() -> None:
    document = asyncapi()
    used = {ref.rsplit("/", 1)[1] for ref in refs(document["operations"]) if "/messages/" in ref}
    assert used == set(document["channels"]["ws"]["messages"]) == set(document["components"]["messages"])


def test_the_description_tells_every_close_code() -> None:
    description = asyncapi()["info"]["description"]
    assert all(f"- {code.value}: {code.meaning}" in description for code in CloseCode)


@pytest.mark.parametrize("code", CloseCode)
def test_the_client_knows_what_to_do_after_each_close(code: CloseCode) -> None:
    assert f"  {code.value}: {{ reconnect: '{code.reconnect.value}'," in typescript()


@pytest.mark.parametrize(
    ("struct", "field"),
    [
        ("SessionState", "stage?: string;"),  # the server leaves the key out
        ("QuestionHighlight", "question: string | null;"),  # the client must say null
        ("Hello", "captions?: string | null;"),
        ("Update", "type: UpdateType;"),
        ("Snapshot", "data: SessionState | CaptionState | GlossaryState | ChatState | BoardState;"),
        ("ReactionSend", "reaction: Reaction;"),
        ("Ack", "type: 'ack';"),
    ],
)
def test_a_field_may_be_absent_or_null_only_where_the_wire_says_so(struct: str, field: str) -> None:
    body = re.search(rf"export interface {struct} {{\n(.*?)\n}}", typescript(), re.DOTALL)
    assert body is not None
    assert f"  {field}" in body[1].splitlines()


def messages(document: dict[str, Any], operation: str) -> set[str]:
    return {ref["$ref"].rsplit("/", 1)[1] for ref in document["operations"][operation]["messages"]}


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)

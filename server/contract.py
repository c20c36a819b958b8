"""What clients are generated from: the socket's messages as AsyncAPI 3.0 and as TypeScript, both read from `server.wire`.

`python -m server.contract` writes `server/web/src/lib/wire.ts`; a test fails while that file is not what this module says.
"""

import json
from importlib import metadata
from pathlib import Path
from typing import Any, get_args

import msgspec

from realtime.closing import CloseCode
from server import wire
from sessions import announcements, formats, programme, questions
from sessions.kinds import form
from translation import sources

TYPESCRIPT = Path(__file__).parent / "web" / "src" / "lib" / "wire.ts"

Schema = dict[str, Any]

_COMMANDS: tuple[type, ...] = get_args(wire.Command)
_ANSWERS: tuple[type, ...] = (wire.Welcome, wire.Retry, wire.Service, wire.Snapshot, wire.Update, wire.Ack, wire.Failure, wire.My)
_STATES: tuple[type, ...] = (wire.SessionState, wire.CaptionState, wire.GlossaryState, wire.ChatState, wire.BoardState, programme.Event)
_UNIONS: dict[str, tuple[type, ...]] = {
    "Command": _COMMANDS,
    "ClientMessage": (wire.Hello, *_COMMANDS),
    "ServerMessage": _ANSWERS,
}
_NAMED: dict[str, Any] = {
    "Reaction": wire.Reaction,
    "UpdateType": wire.UpdateType,
    "Format": formats.Format,
    "Who": formats.Who,
    "PollKind": form.Kind,
    "PollState": form.State,
    "Visibility": form.Visibility,
    "Anonymity": form.Anonymity,
    "Choice": sources.Choice,
    "Severity": announcements.Severity,
    "Reason": questions.Reason,
}
_REF = "#/components/schemas/"


def schemas() -> dict[str, Schema]:
    """JSON Schema of every struct on the socket by its name, with what the raw fields hold filled in."""
    _, found = msgspec.json.schema_components((wire.Hello, *_COMMANDS, *_ANSWERS, *_STATES), ref_template=_REF + "{name}")
    patch = {"type": "object", "description": "A JSON Merge Patch (RFC 7396)"}
    found["Snapshot"]["properties"]["data"] = {
        "anyOf": [{"$ref": f"{_REF}{name}"} for name in ("SessionState", "CaptionState", "GlossaryState", "ChatState", "BoardState")]
    }
    found["Update"]["properties"]["data"] = patch
    found["My"]["properties"]["data"] = patch
    found["Ack"]["properties"]["result"] = {"type": "object"}
    return dict(found)


# ---- AsyncAPI


def asyncapi() -> Schema:
    """The AsyncAPI 3.0 document of `/ws`, from the server's side: it receives commands and sends everything else."""
    incoming = {_tag(kind): {"$ref": _REF + kind.__name__} for kind in (wire.Hello, *_COMMANDS)}
    outgoing = {_tag(kind): {"$ref": _REF + kind.__name__} for kind in _ANSWERS if kind is not wire.Update}
    updates = {name: _update(name) for name in get_args(wire.UpdateType)}
    messages = {name: {"name": name, "payload": payload} for name, payload in (incoming | outgoing | updates).items()}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Marquee, live", "version": metadata.version("marquee"), "description": _description()},
        "defaultContentType": "application/json",
        "channels": {
            "ws": {
                "address": "/ws",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {
            "greet": _operation("receive", ["hello"], reply=["welcome"]),
            "command": _operation("receive", [_tag(kind) for kind in _COMMANDS], reply=["ack", "error"]),
            "follow": _operation("send", ["snapshot", *updates]),
            "own": _operation("send", ["my"]),
            "pace": _operation("send", ["retry"]),
            "state": _operation("send", ["service"]),
        },
        "components": {"messages": messages, "schemas": schemas()},
    }


def _tag(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]


def _update(name: str) -> Schema:
    return {"allOf": [{"$ref": f"{_REF}Update"}, {"properties": {"type": {"const": name}}}]}


def _operation(action: str, messages: list[str], reply: list[str] | None = None) -> Schema:
    made: Schema = {"action": action, "channel": {"$ref": "#/channels/ws"}, "messages": _on_channel(messages)}
    return made | {"reply": {"channel": {"$ref": "#/channels/ws"}, "messages": _on_channel(reply)}} if reply else made


def _on_channel(messages: list[str]) -> list[Schema]:
    return [{"$ref": f"#/channels/ws/messages/{name}"} for name in messages]


def _description() -> str:
    closes = "\n".join(f"- {code.value}: {code.meaning} (reconnect: {code.reconnect.value})" for code in CloseCode)
    return f"{wire.__doc__}\nClose codes:\n\n{closes}\n"


# ---- TypeScript


def typescript() -> str:
    """The same structs as TypeScript, and the close codes as a table. A field is optional when the wire may omit it."""
    found = schemas()
    compact = {name for name in found if _struct(name).__struct_config__.omit_defaults}
    parts = [
        "// Generated from server/wire/ by `python -m server.contract`. Do not edit.\n",
        *(f"export type {name} = {' | '.join(map(_quoted, get_args(literal)))};\n" for name, literal in _NAMED.items()),
        *(_interface(name, schema, name in compact) for name, schema in sorted(found.items())),
        *(f"export type {name} = {' | '.join(kind.__name__ for kind in kinds)};\n" for name, kinds in _UNIONS.items()),
        _closes(),
    ]
    return "\n".join(parts)


def _struct(name: str) -> Any:
    return getattr(wire, name, None) or getattr(programme, name)


def _interface(name: str, schema: Schema, compact: bool) -> str:
    lines = [f"/** {' '.join(schema['description'].split())} */"] if "description" in schema else []
    lines.append(f"export interface {name} {{")
    required = schema.get("required", [])
    for field, of in schema["properties"].items():
        must = field in required or _is_tag(name, field)
        lines.append(f"  {field}{'' if must else '?'}: {_type(of, nullable=must or not compact)};")
    return "\n".join([*lines, "}\n"])


def _is_tag(name: str, field: str) -> bool:
    config = _struct(name).__struct_config__
    return config.tag is not None and config.tag_field == field


def _type(schema: Schema, nullable: bool = True) -> str:
    """One JSON Schema as a TypeScript type; null is left out where the wire omits the key instead."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "anyOf" in schema:
        kinds = (_type(of) for of in schema["anyOf"] if nullable or of.get("type") != "null")
        return " | ".join(kinds)
    if "enum" in schema:
        return _enumeration(schema["enum"])
    match schema.get("type"):
        case "string":
            return "string"
        case "integer" | "number":
            return "number"
        case "boolean":
            return "boolean"
        case "null":
            return "null"
        case "array":
            inner = _type(schema["items"])
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case "object":
            return _record(schema)
    raise TypeError(f"no TypeScript for {schema}")


def _enumeration(values: list[Any]) -> str:
    for name, literal in _NAMED.items():
        if set(get_args(literal)) == set(values):
            return name
    return " | ".join(map(_quoted, values))


def _record(schema: Schema) -> str:
    values = schema.get("additionalProperties")
    inner = _type(values) if isinstance(values, dict) and values else "unknown"
    return f"Record<string, {inner}>"


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace('"', "'")


def _closes() -> str:
    rows = [f"  {code.value}: {{ reconnect: '{code.reconnect.value}', meaning: {_quoted(code.meaning)} }}," for code in CloseCode]
    head = [
        "export type Reconnect = 'never' | 'soon' | 'spread' | 'later';\n",
        "/** What to do after the socket closed with a code; one that is not here is treated like 1006. */",
        "export const CLOSES: Record<number, { reconnect: Reconnect; meaning: string }> = {",
    ]
    return "\n".join([*head, *rows, "};\n"])


if __name__ == "__main__":
    TYPESCRIPT.write_text(typescript(), encoding="utf-8")

"""JSON Merge Patch (RFC 7396): how a channel's state changes. Null means gone, so no state holds a null."""

from typing import Any

Doc = dict[str, Any]


def merge(doc: Doc, patch: Doc) -> None:
    """Apply a patch in place (RFC 7396 section 2)."""
    for key, value in patch.items():
        if value is None:
            doc.pop(key, None)
        elif isinstance(value, dict):
            if not isinstance(doc.get(key), dict):
                doc[key] = {}
            merge(doc[key], value)
        else:
            doc[key] = value


def difference(old: Doc, new: Doc) -> Doc:
    """The smallest patch that makes `old` into `new`."""
    patch: Doc = dict.fromkeys(old.keys() - new.keys())
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := difference(before, value):
                patch[key] = inner
        elif before != value or key not in old:
            patch[key] = value
    return patch

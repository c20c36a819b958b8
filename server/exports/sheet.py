"""A table of an export, and how it is written: CSV (RFC 4180), XLSX, JSON. Every script survives."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import xlsxwriter
from msgspec import Struct

ROWS_LIMIT = 100_000
"""Rows of one sheet; those after them are left out, and the last row says so."""

SPOOL = 4 * 1024 * 1024
"""Bytes of a workbook or an archive held in memory; a longer one is on the disk."""

CHUNK = 64 * 1024

BOM = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for the code page of its country."""

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings that make some spreadsheet run a cell, also when the text is full-width."""

Value = str | int | float | bool | None


class Sheet(Struct):
    """`name` has 31 characters at most. Texts in several languages are a column each."""

    name: str
    columns: list[str]
    rows: list[list[Value]]

    def records(self) -> Iterator[dict[str, Value]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows[:ROWS_LIMIT])


def safe(value: Value) -> Value:
    """A text that no spreadsheet runs as a formula: one that begins like one is quoted."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_DANGEROUS) else value


def as_csv(sheet: Sheet, *, bom: bool = True) -> Iterator[str]:
    """In pieces of some lines."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM if bom else "")
    writer.writerow(sheet.columns)
    for row in _limited(sheet):
        writer.writerow(["" if value is None else _plain(safe(value)) for value in row])
        if buffer.tell() > CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def as_xlsx(sheets: Iterable[Sheet]) -> IO[bytes]:
    """A workbook, at its beginning. A text is a text, whatever it begins with."""
    file = SpooledTemporaryFile(SPOOL)  # noqa: SIM115  (who sends it closes it)
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:31])
            page.freeze_panes(1, 0)
            page.write_row(0, 0, sheet.columns, bold)
            for number, row in enumerate(_limited(sheet), 1):
                for column, value in enumerate(row):
                    _write(page, number, column, value)
    file.seek(0)
    return file


def as_json(sheets: Mapping[str, Sheet]) -> Iterator[str]:
    """An object of lists of objects, in pieces of one row."""
    yield "{"
    for number, (name, sheet) in enumerate(sheets.items()):
        yield f"{',' if number else ''}{json.dumps(name)}:["
        for index, record in enumerate(sheet.records()):
            yield f"{',' if index else ''}{json.dumps(record, ensure_ascii=False)}"
        yield "]"
    yield "}"


def in_chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def _limited(sheet: Sheet) -> Iterator[list[Value]]:
    yield from sheet.rows[:ROWS_LIMIT]
    more = len(sheet.rows) - ROWS_LIMIT
    if more > 0:
        yield [f"{more} rows more are left out", *[None] * (len(sheet.columns) - 1)]


def _plain(value: Value) -> Value:
    return str(value).lower() if isinstance(value, bool) else value


def _write(page: Any, row: int, column: int, value: Value) -> None:
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        page.write_number(row, column, value)
    elif value is not None:
        page.write_string(row, column, value[:32_767])  # what a cell takes


def _taken(buffer: StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text

"""Reading data files into rows of text, with every fault named by file and row."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest
from opro_tui.tasks.reading import MAX_FIELD, Reading, decode, read_separated, whole_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv")
MAX_BYTES = 512 * 1024 * 1024
PEEK_BYTES = 2 * 1024 * 1024
LISTS_IN_OBJECT = ("examples", "data")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that data was read from, for provenance.

    Attributes:
        path: As it was opened; bundled files start with `bundled/`.
        sha256: Of the file's bytes, in hexadecimal.
        rows: Data rows that were read, the header not counted.
        assumed: How it was read, where that is not what its name says.
    """

    path: str
    sha256: str
    rows: int
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a data file.

    Attributes:
        place: Where it stands, for error texts: `line 7` or `item 7`, 1-based.
        fields: Column name to text.
        structured: Columns whose value was a JSON list or object.
    """

    place: str
    fields: Mapping[str, str]
    structured: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """A data file's rows; `columns` are all names, in order of first appearance."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Peek:
    """The beginning of a data file; `more` says whether rows follow, `assumed` as in `Source`."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    more: bool
    assumed: str = ""


def peek_table(path: Path, *, header: bool = True, rows: int = 50) -> Peek:
    """Read the first rows of a data file without reading all of a long one.

    Args:
        path: The file.
        header: As for `read_table`.
        rows: The most rows wanted.

    Raises:
        BadInput: It can't be read, is of no known kind, or its beginning is malformed.
    """
    kind, name = path.suffix.lower(), str(path)
    content = read_bytes(path, limit=None if kind == ".json" else PEEK_BYTES)
    cut = len(content) == PEEK_BYTES and kind != ".json"
    reading = read_text(whole_lines(content) if cut else content, name, kind)
    found = tuple(islice(rows_of(reading, name, kind, header), rows + 1))
    columns = tuple(dict.fromkeys(column for row in found for column in row.fields))
    return Peek(columns, found[:rows], cut or len(found) > rows, reading.assumed)


def read_table(
    path: Path, *, header: bool = True, kind: str = "", columns: Sequence[str] = ()
) -> Table:
    """Read a data file.

    Args:
        path: The file.
        header: Whether the first row of a CSV or TSV file names its columns; without, the columns
            are called 0, 1, ….
        kind: The suffix to read it as, where the file's own one misleads.
        columns: Names for the columns of a file without a header.

    Raises:
        BadInput: It can't be read, is too big, or holds something malformed.
    """
    return parse_table(
        read_bytes(path), str(path), header=header, kind=kind or path.suffix, columns=columns
    )


def read_bytes(path: Path, *, limit: int | None = None) -> bytes:
    """A regular file's bytes, or the first ones up to a limit; BadInput says why not."""
    try:
        if not path.exists():
            beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
            todo = nearest(path.name, beside) or "Check the path."
            raise BadInput("there is no such file", where=str(path), todo=todo)
        if not path.is_file():
            raise BadInput("this is not a regular file", where=str(path), todo="Name a file.")
        size = path.stat().st_size
        if limit is not None:
            with path.open("rb") as file:
                return file.read(limit)
        if size > MAX_BYTES:
            limit = MAX_BYTES // 2**20
            raise BadInput(
                f"the file has {size // 2**20} MB and at most {limit} MB are read",
                where=str(path),
                todo="Take a sample of its rows.",
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"can't be read ({reason})", where=str(path)) from None


def parse_table(
    data: bytes, name: str, *, header: bool = True, kind: str, columns: Sequence[str] = ()
) -> Table:
    """Parse a data file's bytes; arguments and errors as for `read_table`."""
    reading = read_text(data, name, kind.lower())
    rows = tuple(rows_of(reading, name, kind.lower(), header, columns))
    if not rows:
        raise BadInput("the file has no rows", where=name, todo="Give at least one row.")
    found = tuple(dict.fromkeys(column for row in rows for column in row.fields))
    digest = hashlib.sha256(data).hexdigest()
    return Table(name, found, rows, Source(name, digest, len(rows), reading.assumed))


def read_text(data: bytes, name: str, kind: str) -> Reading:
    """A data file's text; arguments and errors as for `parse_table`."""
    if kind not in SUFFIXES:
        todo = f"Data files end in {', '.join(SUFFIXES)}; task files in .toml."
        raise BadInput(f"no known kind of data file ({kind or 'no suffix'})", where=name, todo=todo)
    separated = kind in (".csv", ".tsv")
    reading = read_separated(data, name, kind) if separated else Reading(decode(data, name))
    if not reading.text.strip():
        raise BadInput("the file is empty", where=name, todo="Give at least one row.")
    return reading


def rows_of(
    reading: Reading, name: str, kind: str, header: bool, columns: Sequence[str] = ()
) -> Iterator[Row]:
    """A data file's rows, one after the other; arguments and errors as for `read_table`."""
    if reading.separator:
        return _read_separated(reading, name, header, columns)
    return (_read_json if kind == ".json" else _read_json_lines)(reading.text, name)


def _read_separated(
    reading: Reading, name: str, header: bool, columns: Sequence[str]
) -> Iterator[Row]:
    csv.field_size_limit(MAX_FIELD)
    separator, before = reading.separator, reading.first - 1
    reader = csv.reader(io.StringIO(reading.text, newline=""), delimiter=separator, strict=True)
    names: list[str] = list(columns)
    heading = "the header" if header else "the first row"
    start = reading.first
    try:
        for cells in reader:
            place, start = f"line {start}", before + reader.line_num + 1
            if not "".join(cells).strip() and len(cells) < 2:
                continue
            if not names:
                names = _column_names(cells, name, place, header)
                if header:
                    continue
            if len(cells) != len(names):
                expected = (
                    f"{len(columns)} are expected" if columns else f"{heading} has {len(names)}"
                )
                raise BadInput(
                    f"the row has {len(cells)} columns where {expected}",
                    where=f"{name}, {place}",
                    todo=f"Give it {len(names)}, and put texts that hold {separator!r} in quotes.",
                )
            yield Row(place, dict(zip(names, cells, strict=True)))
    except csv.Error as error:
        raise BadInput(
            f"malformed row ({error})",
            where=f"{name}, line {start}",
            todo="Check its quotes: one inside a quoted text is doubled.",
        ) from None


def _column_names(cells: list[str], name: str, place: str, header: bool) -> list[str]:
    if not header:
        return [str(number) for number in range(len(cells))]
    names = [cell.strip() for cell in cells]
    twice = _twice(names)
    if twice is not None:
        raise BadInput(
            f"two columns are called {twice!r}", where=f"{name}, {place}", todo="Rename one."
        )
    return names


class _RepeatedName(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice = _twice(name for name, _ in pairs)
        raise _RepeatedName(f"the name {twice!r} stands twice in one object")
    return result


def _twice(names: Iterable[str]) -> str | None:
    """The first name that stands there again."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _no_constant(text: str) -> Any:  # noqa: ANN401
    raise ValueError(f"{text} is not JSON")


def _load_json(text: str) -> Any:  # noqa: ANN401
    """Parse JSON strictly; every fault is a ValueError."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _read_json_lines(text: str, name: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            item = _load_json(line)
        except ValueError as error:
            problem = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            column = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            raise BadInput(
                f"this is not JSON ({problem}{column})",
                where=f"{name}, {place}",
                todo="Put one JSON object on each line.",
            ) from None
        yield _json_row(item, name, place)


def _read_json(text: str, name: str) -> Iterator[Row]:
    try:
        data = _load_json(text)
    except json.JSONDecodeError as error:
        many = error.msg == "Extra data" and text.lstrip().startswith("{")
        raise BadInput(
            f"this is not JSON ({error.msg}, column {error.colno})",
            where=f"{name}, line {error.lineno}",
            todo="It looks like JSON Lines: call it .jsonl." if many else "",
        ) from None
    except ValueError as error:
        raise BadInput(f"this is not usable JSON: {error}", where=name) from None
    if isinstance(data, dict):
        data = next((data[key] for key in LISTS_IN_OBJECT if key in data), data)
    if not isinstance(data, list):
        raise BadInput(
            f"the file holds {_kind(data)} where a list of objects is expected",
            where=name,
            todo='Use [{…}, …] or {"examples": [{…}, …]}.',
        )
    for number, item in enumerate(data, start=1):
        yield _json_row(item, name, f"item {number}")


def _json_row(item: Any, name: str, place: str) -> Row:  # noqa: ANN401
    where = f"{name}, {place}"
    if not isinstance(item, dict):
        todo = 'Write it as {"column": value, …}.'
        raise BadInput(f"this is {_kind(item)}, not an object", where=where, todo=todo)
    fields = {column: as_text(value) for column, value in item.items()}
    for column, value in fields.items():
        for what, content in (("the name of a column", column), (f"column {column!r}", value)):
            if not content.isascii():
                _check_text(what, content, where)
            elif "\0" in content:
                raise BadInput(f"{_printable(what)} holds NUL", where=where, todo="Remove it.")
    nested = (column for column, value in item.items() if isinstance(value, dict | list))
    return Row(place, fields, frozenset(nested))


def _check_text(what: str, content: str, where: str) -> None:
    if "\0" in content:
        raise BadInput(f"{_printable(what)} holds NUL", where=where, todo="Remove it.")
    try:
        content.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{_printable(what)} holds half of a surrogate pair (character {error.start + 1})",
            where=where,
            todo="Write the whole character.",
        ) from None


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def as_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as the text of a cell: as JSON writes it, whole floats without a fraction."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value)) if abs(value) < 1e15 else repr(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):
        return ""


def _kind(value: Any) -> str:  # noqa: ANN401
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return names.get(type(value), "nothing" if value is None else "a number")


def find_column(table: Table, name: str, flag: str, *, header: bool = True) -> str:
    """The column that a user named, checked.

    Args:
        table: Where to look.
        name: A column name, or a 0-based number in a file without a header.
        flag: The setting the name came from.
        header: Whether the file has a header.

    Raises:
        BadInput: There is none; says which there are, the nearest first.
    """
    if name in table.columns:
        return name
    shown = ", ".join(repr(column) for column in table.columns[:12])
    todo = nearest(name, table.columns) or f"The columns are {shown}."
    if len(table.columns) == 1 and {";", "\t", "|"} & set(table.columns[0]):
        todo = f"Its only column is {shown}: separate columns by commas (.csv) or tabs (.tsv)."
    elif not header:
        todo = f"The columns are numbered 0 to {len(table.columns) - 1}."
    elif name.isdigit() and table.name.lower().endswith((".csv", ".tsv")):
        todo += " For a file without a header add --no-header."
    raise BadInput(f"there is no column {name!r}", where=f"{table.name}: {flag}", todo=todo)


def cell(table: Table, row: Row, column: str) -> str:
    """A row's text in a column, stripped; BadInput when the row doesn't have it."""
    text = row.fields.get(column)
    if text is None:
        todo = nearest(column, row.fields) or "Every row needs it."
        raise BadInput(
            f"the row has no column {column!r}", where=f"{table.name}, {row.place}", todo=todo
        )
    return text.strip()

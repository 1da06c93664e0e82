"""A data file's bytes as text: its encoding, and what separates the columns, told where assumed."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice

from opro_tui.core.errors import BadInput

MAX_FIELD = 10 * 1024 * 1024
SAMPLE_ROWS = 50
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "|"}
_UTF8 = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_NAMED = re.compile(r'"?sep=([^\w\s"]|\t)"?\r?(?:\n|$)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was read.

    Attributes:
        text: Its text.
        separator: What parts its columns; empty for JSON.
        first: The number of the line that `text` begins with, 1-based.
        assumed: What was not as a file of its name usually is, to tell its owner; mostly empty.
    """

    text: str
    separator: str = ""
    first: int = 1
    assumed: str = ""


def read_separated(data: bytes, name: str, kind: str) -> Reading:
    """Read a CSV or TSV file as spreadsheets write it.

    UTF-16 is known by its mark. What is not UTF-8 and holds no sequence of it is taken for
    Windows-1252, the code page of Western spreadsheets. A `.csv` file whose rows don't agree with
    commas is parted by the sign with which they do, or by the one that a line `sep=;` names.

    Raises:
        BadInput: It is text in no such encoding; names the line and byte.
    """
    text, encoding = _decode_leniently(data, name)
    if kind != ".csv":
        return Reading(text, "\t", assumed=encoding)
    named = _NAMED.match(text)
    if named:
        separator, text, first = named[1], text[named.end() :], 2
    else:
        separator, first = _separator(text), 1
    parted = "" if separator == "," else f"columns parted by {SEPARATORS.get(separator, separator)}"
    return Reading(text, separator, first, ", ".join(filter(None, (parted, encoding))))


def _decode_leniently(data: bytes, name: str) -> tuple[str, str]:
    if data[:2] in _UTF16:
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            todo = "Save the file as UTF-8."
            raise BadInput("this is damaged UTF-16", where=name, todo=todo) from None
        return text, "read as UTF-16"
    try:
        return decode(data, name), ""
    except BadInput:
        if b"\0" in data or data.startswith(_UTF8) or _MULTIBYTE.search(data):
            raise
        try:
            return data.decode("cp1252"), "read as Windows-1252, for it is not UTF-8"
        except UnicodeDecodeError:
            pass
        raise


def decode(data: bytes, name: str) -> str:
    """UTF-8 text, with or without a byte order mark.

    Raises:
        BadInput: It isn't UTF-8 or holds NUL; names the line and byte.
    """
    if data[:2] in _UTF16:
        raise BadInput("this is UTF-16, not UTF-8", where=name, todo="Save the file as UTF-8.")
    position = data.find(b"\0")
    if position >= 0:
        raise BadInput(
            f"byte {position + 1} is NUL",
            where=f"{name}, line {_line(data, position)}",
            todo="Save the file as plain UTF-8 text.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind a byte order mark.
        position = error.start + (3 if data.startswith(_UTF8) else 0)
        raise BadInput(
            f"byte {position + 1} (0x{data[position]:02x}) is not UTF-8",
            where=f"{name}, line {_line(data, position)}",
            todo="Save the file as UTF-8.",
        ) from None


def whole_lines(data: bytes) -> bytes:
    """The beginning of a file without the line that was cut off, in any of the encodings."""
    kept = data.rpartition(b"\n")[0] or data
    return kept[: len(kept) // 2 * 2] if data[:2] in _UTF16 else kept


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _separator(text: str) -> str:
    """What parts the columns: commas, unless the first rows only agree with something else."""
    if _columns(text, ",") > 1:
        return ","
    counts = {each: _columns(text, each) for each in SEPARATORS}
    best = max(counts, key=lambda each: counts[each])
    return best if counts[best] > 1 else ","


def _columns(text: str, separator: str) -> int:
    """How many columns each of the first rows has; 0 when they don't agree."""
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        counts = {len(cells) for cells in islice(reader, SAMPLE_ROWS) if cells}
    except csv.Error:
        return 0
    return counts.pop() if len(counts) == 1 else 0

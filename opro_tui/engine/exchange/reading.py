"""A file's records, one at a time, whichever of the two layouts it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.engine.exchange.wire import Digest, loads, unwrap
from opro_tui.engine.exchange.writing import FORMAT, KINDS, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

LONGEST_LINE = 2**28
LARGEST_DOCUMENT = 2**30
_REMEDY = "Export the session again."


@dataclass(frozen=True, slots=True)
class Found:
    """A record of a file.

    Attributes:
        kind: `session`, `example`, `call` or `event`.
        value: What it holds.
        where: Its place in the file.
    """

    kind: str
    value: Any
    where: str


def records(path: Path) -> Iterator[Found]:
    """A file's records, the session's own first; at the end it is known to be whole.

    Raises:
        BadInput: It can't be read, is none of ours, a newer program's, damaged or cut off.
    """
    try:
        with path.open("rb") as file:
            yield from _checked(_raw(file, path), str(path))
    except OSError as error:
        raise BadInput(
            f"can't be read ({error.strerror or error})", where=str(path), todo="Check the path."
        ) from None


def _raw(file: BinaryIO, path: Path) -> Iterator[Found]:
    """The records still wrapped; the last one is `end`."""
    first = file.readline(LONGEST_LINE)
    place = f"{path}, line 1"
    rest = file.read(1)
    document = first if not rest else b""
    if rest:
        try:
            head = loads(first, place)
        except BadInput:
            document = first + rest + file.read(LARGEST_DOCUMENT)
            if not first.lstrip().startswith(b"{"):
                raise _foreign(str(path)) from None
    if document or not rest:
        yield from _document(document, path)
        return
    _check_head(head, place, ("format", "version", "session"))
    yield Found("session", head["session"], place)
    yield from _lines(file, rest, path)


def _document(text: bytes, path: Path) -> Iterator[Found]:
    where = str(path)
    if len(text) > LARGEST_DOCUMENT:
        raise BadInput("is too large for JSON", where=where, todo="Export it as jsonl.")
    data = loads(text, where)
    names = tuple(f"{kind}s" for kind in KINDS)
    if isinstance(data, dict) and data.get("format") == FORMAT and "end" not in data:
        raise BadInput("is cut off: its end is missing", where=where, todo=_REMEDY)
    _check_head(data, where, ("format", "version", "session", *names, "end"))
    yield Found("session", data["session"], f"{where}: session")
    for kind, name in zip(KINDS, names, strict=True):
        if not isinstance(data[name], list):
            raise BadInput(f"{name} is no list", where=where)
        for index, value in enumerate(data[name]):
            yield Found(kind, value, f"{where}: {name}[{index}]")
    yield Found("end", data["end"], f"{where}: end")


def _lines(file: BinaryIO, start: bytes, path: Path) -> Iterator[Found]:
    number = 1
    while line := start + file.readline(LONGEST_LINE):
        start = b""
        number += 1
        where = f"{path}, line {number:,}"
        if len(line) >= LONGEST_LINE:
            raise BadInput("is too long", where=where)
        value = loads(line, where)
        if not isinstance(value, dict) or len(value) != 1:
            raise BadInput("is no record", where=where, todo=_REMEDY)
        ((kind, item),) = value.items()
        if kind not in (*KINDS, "end"):
            raise BadInput(f"unknown kind of record {kind[:40]!r}", where=where, todo=_REMEDY)
        yield Found(kind, item, where)


def _check_head(head: Any, where: str, names: tuple[str, ...]) -> None:  # noqa: ANN401
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise _foreign(where)
    version = head.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadInput("has no version", where=f"{where}: version", todo=_REMEDY)
    if version > VERSION:
        raise BadInput(
            f"is of version {version}, this program reads up to {VERSION}",
            where=where,
            todo="Update opro-tui.",
        )
    for name in names:
        if name not in head:
            raise BadInput(f"the field {name!r} is missing", where=where, todo=_REMEDY)
    for name in head:
        if name not in names:
            raise BadInput(f"unknown field {name[:40]!r}", where=where, todo=_REMEDY)


def _foreign(where: str) -> BadInput:
    return BadInput(
        "is no exported session",
        where=where,
        todo="`opro-tui export NAME --format json` makes one.",
    )


def _checked(raw: Iterator[Found], path: str) -> Iterator[Found]:
    """Unwrap, and hold the order, the counts and the checksum against what the end says."""
    digest = Digest()
    counts = dict.fromkeys(KINDS, 0)
    order = ("session", *KINDS, "end")
    reached = 0
    end: Found | None = None
    for found in raw:
        if end is not None:
            raise BadInput("something stands behind the end", where=found.where, todo=_REMEDY)
        place = order.index(found.kind)
        if place < reached:
            raise BadInput(f"{found.kind} stands too late", where=found.where, todo=_REMEDY)
        reached = place
        if found.kind == "end":
            end = found
            continue
        if found.kind in counts:
            counts[found.kind] += 1
        value = _unwrapped(found)
        digest.add(found.value)
        yield Found(found.kind, value, found.where)
    if end is None:
        raise BadInput("is cut off: its end is missing", where=path, todo=_REMEDY)
    expected = {f"{kind}s": number for kind, number in counts.items()}
    _check_end(end, expected, digest.text())


def _unwrapped(found: Found) -> Any:  # noqa: ANN401
    try:
        return unwrap(found.value)
    except (ValueError, RecursionError) as error:
        raise BadInput(str(error)[:120], where=found.where) from None


def _check_end(end: Found, counts: dict[str, int], digest: str) -> None:
    said = end.value if isinstance(end.value, dict) else {}
    for name, number in counts.items():
        if said.get(name) != number:
            what = f"holds {number:,} {name}, but its end says {str(said.get(name))[:20]}"
            raise BadInput(what, where=end.where, todo=_REMEDY)
    if said.get("digest") != digest:
        raise BadInput(
            "the checksum is another: the file was damaged or changed",
            where=end.where,
            todo=_REMEDY,
        )

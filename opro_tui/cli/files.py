"""Files that flags name: starting solutions, and the texts of a meta-prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.paths import at_home

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.engine.create import Start


def read_solutions(path: Path) -> tuple[Start, ...]:
    """Starting solutions from a .jsonl, .json, .csv or .tsv file with `text` and maybe `score`.

    `known:TASK` stands for the paper's instructions, to be scored.

    Raises:
        BadInput: The file or a row can't be used; names both.
    """
    from opro_tui.engine import known
    from opro_tui.engine.create import start_from
    from opro_tui.tasks.data import read_table

    named = known.starts(path)
    if named is not None:
        return named
    path = at_home(path)
    rows = read_table(path).rows
    return tuple(start_from(row.fields, f"{path}, {row.place}") for row in rows)


def read_template(path: Path) -> dict[str, str]:
    """Texts of a meta-prompt, by name, from a TOML file.

    Raises:
        BadInput: The file, or a text in it, can't be used; names the file, line and key.
    """
    from opro_tui.core import toml
    from opro_tui.core.meta_prompt import Template
    from opro_tui.tasks.data import read_bytes
    from opro_tui.tasks.reading import decode

    path = at_home(path)
    text = decode(read_bytes(path), str(path))
    try:
        data: dict[str, Any] = toml.loads(text)
    except ValueError as error:
        raise BadInput(
            f"no valid TOML: {error}", where=str(path), todo='Write name = """text""".'
        ) from None
    if not data:
        raise BadInput("holds no text", where=str(path), todo='Write instructions = """…""".')
    for name, value in data.items():
        Template("", "", "", "").with_texts({name: value}, where=_place(path, text, name))
    return data


def _place(path: Path, text: str, name: str) -> str:
    pattern = re.compile(rf"""^\s*\[?\s*["']?{re.escape(name)}["']?\s*[].=]""", re.MULTILINE)
    match = pattern.search(text)
    if match is None:
        return f"{path}: {name}"
    start = match.start() + len(match.group()) - len(match.group().lstrip())
    return f"{path}, line {text.count(chr(10), 0, start) + 1}"

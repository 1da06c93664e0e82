"""A command line for every command, over the hostile session with its models at hand.

The commands are found through click: one that is new has to be added here before tests pass again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.root import root
from tests.support.hostile_session import FORK, NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DRAWN = "drawn <b>\u6c49</b> $(x)"
"""A session whose task can be drawn."""
SCREENS = ("open",)
"""What does nothing without a terminal."""
Lines = dict[str, list[tuple[str, ...]]]


def command_lines(folder: Path, url: str, *, name: str = NAME, fork: str = FORK) -> Lines:
    """Command lines by command, in an order in which they can be run one after the other.

    Args:
        folder: Holds what `hostile_session.make_at` left.
        url: Where the models are.
        name: The session's name.
        fork: Its fork's name.
    """
    rows, file = str(folder / "rows.jsonl"), str(folder / "out.jsonl")
    data = ("--task", rows, "--input", "question", "--target", "answer", "--metric", "exact")
    models = ("--optimizer", "ollama/optimizer", "--scorer", "ollama/scorer")
    urls = ("--optimizer-url", url, "--scorer-url", url)
    own = (*data, *models, *urls, "--candidates", "3", "--train", "3", "--test", "2")
    found: Lines = {
        "list": [("list",), ("list", "--deleted")],
        "show": [("show", name), ("show", "--", fork)],
        "examples": [("examples", name), ("examples", name, "--search", "x")],
        "costs": [("costs", name), ("costs", name, "--csv")],
        "lineage": [("lineage", name)],
        "meta-prompt": [("meta-prompt", name), ("meta-prompt", name, "--step", "1")],
        "best": [("best", name)],
        "replay": [("replay", name), ("replay", name, "--step", "1")],
        "regrade": [("regrade", name, "--metric", "contains")],
        "rebuild": [
            ("rebuild", name, "--shown", "3"),
            ("rebuild", name, "--shown", "3", "--step", "2"),
        ],
        "batch": [("batch", name)],
        "try": [("try", name, "--examples", "2"), ("try", name, "--instruction", "<b>\x1b[31m")],
        "run": [("run", name)],
        "edit": [("edit", "--note", "<b>\x1b[31m", "--add", "=1+1 \x1b]0;x\x07", "--", name)],
        "critique": [("edit", "--critique", "--", name), ("critique", name)],
        "confirm": [("confirm", name, "--examples", "2")],
        "evaluate": [
            ("evaluate", name, "--top", "2"),
            ("evaluate", "--top", "1", "--", fork),
            ("evaluate", name, "--top", "1", "--on", "sums", "--examples", "2"),
        ],
        "compare": [("compare", "--", name, fork)],
        "fork": [
            ("fork", name, "--at", "1", "--as", "[b]\u6c49 fork"),
            ("fork", name, "--at", "2", "--as", "x"),
        ],
        "null-arm": [("null-arm", name, "--as", "[b]\u6c49 null")],
        "export": [
            ("export", name, "--format", kind)
            for kind in ("json", "jsonl", "csv", "md", "html", "promptfoo", "dspy")
        ]
        + [("export", name, "--format", "jsonl", "-o", file)],
        "import": [("import", file)],
        "rename": [("rename", "x", "[/x] \u6c49")],
        "delete": [("delete", "[/x] \u6c49", "--yes")],
        "undelete": [("undelete", "[/x] \u6c49")],
        "new": [("new", *own, "--headless", "--", "--help <i>")],
        "picture": [("picture", DRAWN)],
        "known": [("known",)],
        "ablate": [
            ("ablate", "--vary", 'initial="</b>\u202e [x]"', "--steps", "1", *own, "--name", "a"),
            ("ablate", "--show", "--headless", "--name", "a"),
        ],
        "reproduce": [
            (
                *("reproduce", "linear-regression", "--steps", "1", "--repetitions", "1"),
                *("--optimizer", "ollama/optimizer", "--optimizer-url", url),
            )
        ],
        "demo": [("demo", "--headless", "--steps", "1", "--name", "[b]\u6c49 demo")],
        "doctor": [("doctor", "--offline"), ("doctor", "--offline", "--repair", "--yes")],
        "vacuum": [("vacuum",)],
        "open": [("open", "--", name)],
    }
    known = root.list_commands(click.Context(root))
    assert set(found) == set(known), set(found) ^ set(known)
    return found


def takes_json(command: str) -> bool:
    """Whether a command has `--json`."""
    found = root.get_command(click.Context(root), command)
    assert found is not None
    return any("--json" in param.opts for param in found.params)


def as_json(lines: Mapping[str, list[tuple[str, ...]]]) -> Lines:
    """The same with `--json`, of the commands that have it."""
    found = {}
    for name, several in lines.items():
        if takes_json(name):
            found[name] = [
                (line[0], "--json", *line[1:]) for line in several if "--csv" not in line
            ]
    return found


def drawn_session() -> list[tuple[str, ...]]:
    """Command lines that make the session `DRAWN`."""
    new = ("new", DRAWN, "--task", "tsp:n=5", "--candidates", "2", "--headless")
    return [new, ("run", DRAWN)]

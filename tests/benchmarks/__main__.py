"""Run the benchmarks and print their figures as a Markdown table.

`python -m tests.benchmarks [--list] [NAME …]`. Figures of a loaded machine say little; the ratios
to what was measured in the same run, and the CPU times, say more. The load is printed with them.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks import Row

ALL = (
    "step",
    "storing",
    "key_to_paint",
    "keys",
    "opening",
    "large",
    "first_paint",
    "start_up",
    "racing",
    "rate_limit",
)


def describe(name: str) -> str:
    """A benchmark's own first line."""
    text = importlib.import_module(f"tests.benchmarks.{name}").__doc__ or ""
    return text.split("\n", 1)[0]


def line(name: str, row: Row) -> str:
    """A row of the table."""
    reference = "" if row.reference is None else f"{row.reference:,.1f} {row.unit}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    if row.kept is not None:
        sign = "kept" if row.kept else "NOT KEPT"
        limit = f"≤ {row.limit:g}{'' if row.reference else f' {row.unit}'} {sign}"
    else:
        limit = ""
    return f"| {name}: {row.name} | {row.ours:,.1f} {row.unit} | {reference} | {ratio} | {limit} |"


def machine() -> str:
    """What kind of machine this is, and how busy."""
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, load {load}"
    )


def main() -> int:
    """Run what was asked for; the exit code says whether all limits were kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all without one")
    parser.add_argument("--list", action="store_true", help="only say which there are")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in ALL]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}. There are: {', '.join(ALL)}")
    if given.list:
        for name in ALL:
            print(f"{name:14} {describe(name)}")
        return 0
    print(f"{date.today().isoformat()} · {machine()}\n")  # noqa: DTZ011 - the day where it runs
    print("| benchmark | ours | reference | ratio | limit |\n|---|---:|---:|---:|---|", flush=True)
    broken = False
    for name in given.names or ALL:
        for row in importlib.import_module(f"tests.benchmarks.{name}").rows():
            print(line(name, row), flush=True)
            broken |= row.kept is False
    print(f"\n{machine()} at the end")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())

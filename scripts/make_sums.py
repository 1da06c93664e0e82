"""Write the bundled word problems, `opro_tui/tasks/bundled/sums.jsonl`.

Every problem is worked out by the same function that words it, and every choice is a function of
the template and the problem's number: running this again writes the same bytes.

    python scripts/make_sums.py [--check]
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sums_problems import PROBLEMS

from opro_tui.core.hashing import uniform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OUTPUT = Path(__file__).parents[1] / "opro_tui/tasks/bundled/sums.jsonl"
PER_TEMPLATE = 7
NAMES = (
    *("Amara", "Bilal", "Chiara", "Dmitri", "Eun-ji", "Farida", "Gustavo", "Hanneke", "Ines"),
    *("Jamal", "Katya", "Leopold", "Mei", "Nnamdi", "Oona", "Priya", "Quentin", "Rosa", "Soren"),
    *("Tomoko", "Umar", "Violeta", "Wanda", "Xavier", "Yusuf", "Zofia"),
)


@dataclass(frozen=True)
class Draw:
    """The choices of one problem, each fixed by the template, the problem's number and a key."""

    template: str
    number: int

    def pick(self, key: str, low: int, high: int, step: int = 1) -> int:
        """A whole number from low to high in steps."""
        count = (high - low) // step + 1
        return low + step * int(uniform("sums", self.template, self.number, key) * count)

    def one(self, key: str, options: Sequence[str]) -> str:
        """One of several words."""
        return options[self.pick(key, 0, len(options) - 1)]

    def names(self, count: int) -> list[str]:
        """Different people."""
        order = sorted(NAMES, key=lambda name: uniform("sums", self.template, self.number, name))
        return order[:count]


def problems() -> Iterator[tuple[str, int]]:
    """Every problem, in the file's order: no two next to each other of one template."""
    seen: set[str] = set()
    for number in range(PER_TEMPLATE):
        for make in PROBLEMS:
            for attempt in range(100):
                question, answer = make(Draw(make.__name__, number + 1000 * attempt))
                if question not in seen:
                    break
            else:
                raise RuntimeError(f"{make.__name__} has too few variants")
            seen.add(question)
            yield question, answer


def render() -> str:
    """The file's text."""
    lines = (
        json.dumps({"input": question, "target": str(answer)}, ensure_ascii=False)
        for question, answer in problems()
    )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the file, or with --check compare it."""
    text = render()
    if "--check" in sys.argv[1:]:
        same = OUTPUT.read_text(encoding="utf-8") == text
        print("same" if same else "different: run scripts/make_sums.py")
        return 0 if same else 1
    OUTPUT.write_text(text, encoding="utf-8", newline="\n")
    print(f"{OUTPUT.name}: {len(text.splitlines())} problems")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What `--vary` asks for: the arms around a base, each of which differs from it in one thing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from opro_tui.core.ablation import BASE, split_values
from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.settings import BY_NAME, PER_ROLE, STARRED, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opro_tui.engine.create import Start

INITIAL, SOLUTIONS, META_PROMPT = "initial", "solutions", "meta_prompt"
_SPECIAL = (INITIAL, SOLUTIONS, META_PROMPT)
_FRAME = ("position", "qa")
_LIMITS = ("budget", "budget_tokens", "stop_after", "stop_after_tokens", "max_steps", "concurrency")
_NOT_VARIED = frozenset((*_LIMITS, "review", "arm", "max_output_tokens", "optimizer_url"))
VARIED = tuple(
    name for name in BY_NAME if (name in STARRED and name not in _NOT_VARIED) or name in _FRAME
)
"""The settings that arms may differ in; beside them there are the starting points and the texts."""
LONGEST = 60
"""Characters of a value that a label shows."""


class Files(Protocol):
    """Reads what a value names a file for."""

    def solutions(self, path: Path) -> tuple[Start, ...]:
        """Starting solutions with their scores where known."""

    def template(self, path: Path) -> dict[str, str]:
        """Texts of a meta-prompt by name."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One arm: what it has other than the base.

    Attributes:
        label: What it is called, such as `order=descending`.
        settings: The setting that differs.
        initial: Its starting solutions; None for the base's.
        warm: Its warm start; None for the base's.
        template: Its meta-prompt's texts; None for the base's.
    """

    label: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    initial: tuple[str, ...] | None = None
    warm: tuple[Start, ...] | None = None
    template: Mapping[str, str] | None = None

    @property
    def loads(self) -> bool:
        """Whether the task is another one for it, so that it is read anew."""
        return self.initial is not None or any(name in _FRAME for name in self.settings)


def groups(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What is varied, by name; the same name twice adds values.

    Args:
        texts: `NAME=V,V…`, as `--vary` takes it.

    Raises:
        BadInput: One is not of that form, or can't be varied.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        given, equals, values = text.partition("=")
        if not equals:
            raise BadInput(
                f"{text[:60]!r} is not of the form NAME=V,V…",
                where="--vary",
                todo="Write --vary order=ascending,descending.",
            )
        name = _checked(given.strip())
        found[name] = tuple(dict.fromkeys((*found.get(name, ()), *split_values(values))))
    return found


def _checked(given: str) -> str:
    name = given.replace("-", "_")
    if name in VARIED or name in _SPECIAL:
        return name
    known = [each.replace("_", "-") for each in (*VARIED, *_SPECIAL)]
    if name == "max_steps":
        todo = "All arms take as many steps; give --steps."
    elif name in _LIMITS:
        todo = "It is one for all arms; give it beside --vary."
    elif name in BY_NAME:
        todo = f"Scores or conditions would not compare. Vary one of {', '.join(known)}."
    else:
        todo = f"{nearest(given, known)} Give one of {', '.join(known)}."
    raise BadInput(f"{given[:40]!r} can't be varied", where="--vary", todo=todo)


def variants(wanted: Mapping[str, Sequence[str]], base: Settings, files: Files) -> list[Variant]:
    """The arms beside the base, in the order they were asked for.

    A value that the base has makes no arm of its own.

    Args:
        wanted: What is varied, by name.
        base: The base's settings.
        files: Reads the files that values name.

    Raises:
        BadInput: A value is out of range, or a file can't be used.
    """
    found: list[Variant] = []
    for name, values in wanted.items():
        for value in values:
            made = _special(name, value, files) if name in _SPECIAL else _setting(name, value, base)
            same = made is not None and made.settings and made.label in {v.label for v in found}
            if made is not None and not same:
                found.append(made)
    labels = [variant.label for variant in found]
    if len(set(labels)) < len(labels):
        found = [_numbered(variant, place, labels) for place, variant in enumerate(found)]
    return found


def _numbered(variant: Variant, place: int, labels: list[str]) -> Variant:
    """The variant under a label of its own, where long values look alike."""
    before = labels[:place].count(variant.label)
    return replace(variant, label=f"{variant.label} ({before + 1})") if before else variant


def _setting(name: str, raw: str, base: Settings) -> Variant | None:
    flag = name.replace("_", "-")
    value = [raw] if name in PER_ROLE else raw
    try:
        changed = base.with_values({name: value}, where="--vary")
    except BadInput as error:
        raise BadInput(error.what, where=f"--vary {flag}", todo=error.todo) from None
    before, after = base.to_json()[name], changed.to_json()[name]
    if before == after:
        return None
    shown = shown_value(after if name not in PER_ROLE else raw.strip())
    return Variant(_label(flag, shown), {name: value})


def _special(name: str, value: str, files: Files) -> Variant:
    flag = name.replace("_", "-")
    if name == INITIAL:
        return Variant(_label(flag, f'"{value}"'), initial=(value,))
    if not value.strip():
        raise BadInput("has no value", where=f"--vary {flag}", todo="Name a file.")
    path = Path(value.strip())
    if name == SOLUTIONS:
        return Variant(_label(flag, str(path)), warm=files.solutions(path))
    return Variant(_label(flag, str(path)), template=files.template(path))


def shown_value(value: Any) -> str:  # noqa: ANN401 - any setting's JSON value
    """A setting's value as labels write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _label(flag: str, shown: str) -> str:
    line = " ".join(shown.split())
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return f"{flag}={line}" if len(line) <= LONGEST else f"{flag}={line[: LONGEST - 1]}…"


def base_values(labels: Iterable[str], base: Settings, starts: Sequence[str]) -> str:
    """What the base has of all that the other arms differ in, in words.

    Args:
        labels: The arms' labels.
        base: The base's settings.
        starts: Its starting solutions.
    """
    values = base.to_json()
    told: dict[str, None] = {}
    for label in labels:
        flag, equals, _ = label.partition("=")
        name = flag.replace("-", "_")
        if equals and name == INITIAL:
            more = " …" if len(starts) > 1 else ""
            told.setdefault(_label(flag, f'"{starts[0]}"') + more if starts else flag)
        elif equals and name in values and name not in PER_ROLE:
            told.setdefault(f"{flag}={shown_value(values[name])}")
    return ", ".join(told)


__all__ = ["BASE", "META_PROMPT", "VARIED", "Files", "Variant", "base_values", "groups", "variants"]

"""What a session was made with and went on under: versions, seed, and fingerprints of its data."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from importlib import metadata
from shlex import quote
from typing import TYPE_CHECKING, Any

from opro_tui import __version__
from opro_tui.core.events import Continued, Event, Warned, iso
from opro_tui.models import registry
from opro_tui.models.prices import prices_date
from opro_tui.tasks import fingerprints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.config import Config
    from opro_tui.core.settings import Settings
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session
    from opro_tui.store.records import SessionRecord
    from opro_tui.tasks.data import Source

PACKAGES = ("openai", "anthropic", "textual", "genai-prices", "tiktoken", "sqlite-utils", "highspy")
"""Libraries that what is sent, counted, priced or solved depends on."""
PRICES = "prices"
"""Beside the packages: the day of the price list."""
STATES = {
    "same": "unchanged",
    "changed": "CHANGED since; the stored examples are used",
    "missing": "not there now; the stored examples are used",
    "unknown": "not looked at, for it was read elsewhere",
}
"""What became of a data file, in words."""


def versions() -> dict[str, str]:
    """What runs now: package to version, and the day of the price list. It takes a moment."""
    found = {"opro-tui": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found | {PRICES: prices_date().partition(" ")[0]}


def sources_of(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The data files as a session keeps them: `path` as it was given, `sha256`, `rows`, `at`."""
    return [
        {"path": source.path, "sha256": source.sha256, "rows": source.rows}
        | ({"at": at} if (at := fingerprints.place_of(source.path)) else {})
        for source in sources
    ]


def unencrypted(settings: Settings, config: Config) -> tuple[str, ...]:
    """A warning for each of a session's addresses at which others can read what is sent."""
    models = (
        (settings.optimizer, settings.optimizer_url),
        (settings.scorer, settings.scorer_url),
        (settings.judge, settings.judge_url),
    )
    found = [registry.address_of(model, url, config) for model, url in models if model]
    return tuple(
        f"{address} is not encrypted: others can read prompts, answers and the key on their way."
        " Give it an https:// address."
        for address in dict.fromkeys(found)
        if address and registry.insecure(address)
    )


def readable_on_the_way(state: State, config: Config) -> list[Event]:
    """The same as events, each once in a session."""
    return _warnings(state, "insecure", unencrypted(state.settings, config))


def sent_to_strangers(state: State, addresses: Sequence[str]) -> list[Event]:
    """A warning, once, for each address that an imported file has named."""
    messages = [
        f"{address} was named by the file that this session was imported from: prompts, answers and"
        " your key for that provider are sent there. Run it only if you trust that address."
        for address in addresses
    ]
    return _warnings(state, "imported", messages)


def _warnings(state: State, code: str, messages: Sequence[str]) -> list[Event]:
    step = state.steps[-1].number if state.steps else 0
    told = {warning.message for warning in state.warnings}
    return [
        Warned(step=step, code=code, message=message) for message in messages if message not in told
    ]


def changes(record: SessionRecord, state: State) -> list[Event]:
    """What is not as it was when the session was last worked on. It reads the data files.

    Returns:
        One `Continued` if anything differs, and a warning for each data file that is another now.
    """
    last = state.continued[-1] if state.continued else None
    then = record.versions if last is None else last.versions
    known = {str(source["path"]): str(source["sha256"]) for source in _whole(record)}
    before = known if last is None else known | dict(last.sources)
    now = {}
    for source in _whole(record):
        found = fingerprints.of_file(source)
        now[str(source["path"])] = before[str(source["path"])] if found is None else found
    running = versions()
    if running == dict(then) and now == before:
        return []
    step = state.steps[-1].number if state.steps else 0
    events: list[Event] = [Continued(step=step, versions=running, sources=now)]
    for path, digest in now.items():
        if digest not in ("", known[path], before[path]):
            message = _changed(path, known[path], digest, record.settings)
            events.append(Warned(step=step, code="data_changed", message=message))
    return events


def _whole(record: SessionRecord) -> list[dict[str, Any]]:
    return [source for source in record.sources if "path" in source and "sha256" in source]


def _changed(path: str, then: str, now: str, settings: Settings) -> str:
    again = f"opro-tui new NAME --task {quote(settings.task)}"
    for name in ("data_dir", "input", "target", "metric", "optimizer", "scorer", "judge"):
        value = getattr(settings, name)
        if value is not None:
            again += f" --{name.replace('_', '-')} {quote(str(value))}"
    return (
        f"{path} has changed since this session was made (SHA-256 {then[:12]}… then, {now[:12]}…"
        " now). The session goes on with the examples that it stored: nothing changes."
        f" To work on the new data, make a new session: {again}"
    )


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that the examples were read from.

    Attributes:
        path: As it was given.
        sha256: What it was when the session was made.
        rows: The data rows that were read.
        now: same, changed, missing or unknown.
    """

    path: str
    sha256: str
    rows: int | None
    now: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a session comes from.

    Attributes:
        made: When it was made, in milliseconds since 1970.
        versions: What it was made with.
        continued: What it went on under, each time that had changed.
        files: The data files.
        examples: How many examples are stored.
        examples_sha256: Their fingerprint; empty when there are none.
        seed: Fixes splits, exemplars, orders and draws.
        settings: The settings it started with.
    """

    made: int
    versions: Mapping[str, str]
    continued: tuple[Continued, ...]
    files: tuple[DataFile, ...]
    examples: int
    examples_sha256: str
    seed: int
    settings: Settings

    def to_json(self) -> dict[str, Any]:
        """The object that `show --json` prints."""
        return {
            "made": iso(self.made),
            "versions": dict(self.versions),
            "continued": [
                {
                    "seq": event.seq,
                    "step": event.step,
                    "at": iso(event.at),
                    "versions": dict(event.versions),
                    "sources": dict(event.sources),
                }
                for event in self.continued
            ],
            "files": [
                {"path": file.path, "sha256": file.sha256, "rows": file.rows, "now": file.now}
                for file in self.files
            ],
            "examples": {"count": self.examples, "sha256": self.examples_sha256 or None},
            "seed": self.seed,
            "started_with": self.settings.to_json(),
        }

    def lines(self) -> list[tuple[str, str]]:
        """The same in words, as name and value."""
        found = [("made", iso(self.made)), ("with", _listed(self.versions))]
        before = self.versions
        for event in self.continued:
            changed = {
                name: f"{version} (was {before.get(name, 'not recorded')})"
                for name, version in event.versions.items()
                if before.get(name) != version
            }
            gone = [name for name in before if name not in event.versions]
            words = [_listed(changed)] if changed else []
            words += [f"without {name}" for name in gone]
            what = ", ".join(words) or "the same versions, other data files"
            found.append((f"from step {event.step + 1}", what))
            before = event.versions
        for file in self.files:
            rows = "" if not file.rows else f"{file.rows:,} rows, "
            found.append(("data", f"{file.path}: {rows}SHA-256 {file.sha256}, {STATES[file.now]}"))
        if self.examples:
            found.append(("examples", f"{self.examples:,}, SHA-256 {self.examples_sha256}"))
        found.append(("seed", str(self.seed)))
        return found


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


async def provenance(session: Session) -> Provenance:
    """Where a session comes from, and whether its data files are still what they were."""
    record, state, examples = session.record, session.state, session.task.examples

    def look() -> tuple[tuple[DataFile, ...], str]:
        files = tuple(_file(source) for source in _whole(record))
        return files, fingerprints.of_examples(examples) if examples else ""

    files, digest = await asyncio.to_thread(look)
    return Provenance(
        made=record.created,
        versions=record.versions,
        continued=state.continued,
        files=files,
        examples=len(examples),
        examples_sha256=digest,
        seed=record.settings.seed,
        settings=record.settings,
    )


def _file(source: Mapping[str, Any]) -> DataFile:
    path, then, rows = str(source["path"]), str(source["sha256"]), source.get("rows")
    now = fingerprints.of_file(source)
    state = "missing" if not now else "same" if now == then else "changed"
    return DataFile(
        path, then, rows if isinstance(rows, int) else None, "unknown" if now is None else state
    )

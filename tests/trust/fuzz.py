"""Fuzz what reads and what writes, with atheris where it is installed, else with mutations.

`pip install '.[fuzz]'` brings atheris. A text is what one execution is fed with.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.trust.material import Material, Mutations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOWEST = 20
"""Seconds in which one text must be done with."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Target:
    """Something to fuzz; the names are of functions in a module beside this one.

    Attributes:
        module: The module.
        run: Takes a `Material` and raises where something is wrong.
        seeds: Gives what to begin with.
    """

    module: str
    run: str
    seeds: str

    def load(self) -> tuple[Callable[[Material], None], list[bytes]]:
        """Import both."""
        module = importlib.import_module(f"tests.trust.{self.module}")
        return getattr(module, self.run), getattr(module, self.seeds)()


TARGETS = {
    "proposals": Target("fuzzed_reading", "parse_proposals", "proposal_seeds"),
    "answers": Target("fuzzed_reading", "grade_answers", "answer_seeds"),
    "patterns": Target("fuzzed_reading", "match_patterns", "pattern_seeds"),
    "files": Target("fuzzed_reading", "read_files", "file_seeds"),
    "imports": Target("fuzzed_reading", "import_sessions", "import_seeds"),
    "bodies": Target("fuzzed_reading", "read_bodies", "body_seeds"),
    "prompts": Target("fuzzed_writing", "fill_prompts", "prompt_seeds"),
    "drawing": Target("fuzzed_writing", "draw_texts", "text_seeds"),
    "exports": Target("fuzzed_writing", "export_texts", "export_seeds"),
}


class TooSlow(Exception):
    """A text took longer than any may."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` in the main thread after so many seconds."""

    def stop(*_: object) -> None:
        raise TooSlow(f"not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a target.

    Attributes:
        texts: How many it was fed with.
        failure: What went wrong, with what to feed it again; empty when nothing did.
    """

    texts: int
    failure: str = ""


def mutate(name: str, seed: int, *, seconds: float = 0.0, texts: int = 0) -> Outcome:
    """Feed a target with its seeds and then with mutations, for a time or for a number of texts."""
    run, seeds = TARGETS[name].load()
    source = Mutations(seeds, seed)
    until = time.monotonic() + seconds
    done = 0
    while done < texts or (seconds and time.monotonic() < until):
        data = seeds[done] if done < len(seeds) else source.next()
        done += 1
        try:
            with limited(SLOWEST):
                run(Material(data))
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            return Outcome(done, f"{traceback.format_exc()}\nfed with {data[:2000]!r}")
    return Outcome(done)


def replay(name: str, file: Path) -> None:
    """Feed a target with a kept text again."""
    run, _ = TARGETS[name].load()
    run(Material(file.read_bytes()))


# --- atheris: one process a target, for it never returns ---


def inside_atheris(name: str, options: list[str]) -> None:
    """Fuzz in this process, until libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["opro_tui"]):
        run, seeds = TARGETS[name].load()
    folder = Path(tempfile.mkdtemp(prefix="opro-corpus-"))
    for number, data in enumerate(seeds):
        (folder / f"{number:04}").write_bytes(data)

    def once(data: bytes) -> None:
        run(Material(data))

    atheris.Setup([name, *options, str(folder)], once)
    atheris.Fuzz()


def with_atheris(name: str, seconds: float, seed: int, kept: Path) -> Outcome:
    """Fuzz in a process of its own."""
    options = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-seed={seed or 1}",
        f"-timeout={SLOWEST}",
        "-rss_limit_mb=4096",
        "-max_len=20000",
        "-print_final_stats=1",
        "-close_fd_mask=1",
        f"-artifact_prefix={kept / name}-",
    ]
    code = f"from tests.trust.fuzz import inside_atheris; inside_atheris({name!r}, {options!r})"
    path = (str(ROOT), os.environ.get("PYTHONPATH", ""))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))},
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    counts = re.findall(r"number_of_executed_units: (\d+)|^#(\d+)\t", said, re.MULTILINE)
    texts = max((int(a or b) for a, b in counts), default=0)
    return Outcome(texts, "" if done.returncode == 0 else said[-6000:])


def fuzz(name: str, seconds: float, seed: int, kept: Path) -> Outcome:
    """Fuzz a target with whatever there is."""
    if importlib.util.find_spec("atheris") is not None:
        return with_atheris(name, seconds, seed, kept)
    return mutate(name, seed, seconds=seconds)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, help="a folder for the texts that broke something")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="feed one of them again")


def main(args: Any) -> int:
    """Fuzz, and print a line for each target."""
    unknown = [name for name in args.targets if name not in TARGETS]
    if unknown:
        print(f"There is no target {unknown[0]!r}; there are {', '.join(TARGETS)}.")
        return 2
    names = args.targets or list(TARGETS)
    if args.replay is not None:
        replay(names[0], args.replay)
        return 0
    kept = args.kept or Path(tempfile.mkdtemp(prefix="opro-fuzz-kept-"))
    kept.mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (pip install '.[fuzz]'): seeded mutations stand in for it.")
    total, bad = 0, []
    for name in names:
        outcome = fuzz(name, args.seconds, args.seed, kept)
        total += outcome.texts
        print(
            f"{name:<10} {outcome.texts:>12,} texts  {'FAILED' if outcome.failure else 'ok'}",
            flush=True,
        )
        if outcome.failure:
            bad.append(name)
            print(outcome.failure)
    print(f"{total:,} texts over {len(names)} targets, {len(bad)} failed; kept in {kept}")
    return 1 if bad else 0


def command(words: list[str]) -> int:
    """The command without the others beside it."""
    parser = argparse.ArgumentParser(prog="python -m tests.trust fuzz", description=__doc__)
    add_arguments(parser)
    return main(parser.parse_args(words))

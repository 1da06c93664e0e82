"""What is said about a trial: what it found, and what would help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from opro_tui.core.judgement import UNREADABLE
from opro_tui.engine.detail import Answer
from opro_tui.tui import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.settings import Settings
    from opro_tui.engine.trial import Trial

MOST = 100
"""Examples that a trial may have."""


def answer(trial: Trial) -> Answer:
    """A trial's example as the candidate's details show one."""
    return Answer(
        example=trial.example,
        messages=trial.messages,
        text=trial.completion.text,
        parsed=trial.grade.parsed,
        score=trial.grade.score,
        flags=trial.grade.flags,
        from_store=trial.from_store,
        judged=trial.judged,
    )


def check(value: str, most: int) -> str | None:
    """What is wrong with a number of examples; None when nothing is."""
    text = value.strip()
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most:
        return None
    return f"Give a whole number from 1 to {most}."


def summary(answers: Sequence[Answer]) -> str:
    """What came out, in a line."""
    if not answers:
        return ""
    mean = 100 * sum(each.score for each in answers) / len(answers)
    unread = sum(each.parsed is None for each in answers)
    stored = sum(each.from_store for each in answers)
    text = f"{len(answers)} asked, mean {mean:.0f}, {unread} unread"
    return f"{text}, {stored} had before" if stored else text


def remedy(answers: Sequence[Answer], settings: Settings) -> str:
    """What would help where answers could not be read; empty where all were."""
    total = len(answers)
    flags = Counter(flag for each in answers for flag in each.flags)
    unread = sum(each.parsed is None and not each.flags for each in answers)
    if flags["truncated"]:
        limit = settings.for_role("max_output_tokens", "scorer")
        now = "the endpoint's own limit" if limit is None else f"{fmt.count(int(limit))} tokens"
        return (
            f"{flags['truncated']} of {total} answers were cut off at {now}. Raise "
            "max-output-tokens for the scorer (scorer=N, in the settings), or ask for less words."
        )
    if flags["empty"]:
        return (
            f"{flags['empty']} of {total} answers were empty. A reasoning model may have used all "
            "its output for thinking: raise max-output-tokens for the scorer or lower its effort."
        )
    if flags["refused"] or flags["filtered"]:
        count = flags["refused"] + flags["filtered"]
        return (
            f"{count} of {total} were refused or filtered: read the answers, then change the "
            "instruction or the examples."
        )
    if flags["context_overflow"]:
        return "A request is too long for the scorer: shorten the instruction or the examples."
    if flags[UNREADABLE]:
        return (
            f"In {flags[UNREADABLE]} of {total} no grade could be read in the judge's reply: read"
            " it, then take another judge, or raise max-output-tokens for it (judge=N)."
        )
    if unread:
        metric = settings.metric or "the task's own"
        return (
            f"In {unread} of {total} answers the metric ({fmt.safe(metric, 40)}) found nothing. "
            "Tell the scorer in the instruction how to end its answer, or make a session with "
            "another --metric, or with a --template that asks for the form it reads."
        )
    return ""

"""From an optimizer's completion to candidates: parsing, and vetting with visible reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opro_tui.core.meta_prompt import Template


@dataclass(frozen=True, slots=True)
class Proposal:
    """A text that was proposed.

    Attributes:
        text: What stood between the tags, as written.
        closed: Whether its closing tag was there.
    """

    text: str
    closed: bool = True


def parse(completion: str, template: Template) -> tuple[Proposal, ...]:
    """Find the proposals in a completion.

    Everything between an opening and a closing tag is one. A closing tag alone ends what the prompt
    itself opened; an opening tag alone starts one that was cut off. Without any tag the whole text
    is the proposal. Single-character brackets may nest; of longer tags the innermost pair counts.

    Returns:
        The proposals in order; empty ones only when there are no others; at least one.
    """
    opening, closing = template.proposal_open, template.proposal_close
    completion = _after_thinking(completion)
    if opening != closing and len(opening) == len(closing) == 1:
        found = _balanced(completion, opening, closing)
    else:
        found = _tagged(completion, opening, closing)
    if not found:
        return (Proposal(completion.strip(), closed=False),)
    filled = tuple(proposal for proposal in found if proposal.text.strip())
    return filled or (found[0],)


def _after_thinking(completion: str) -> str:
    """What follows a leading block of thoughts, whose drafts are no proposals."""
    text = completion.lstrip()
    if not text.startswith("<think>"):
        return completion
    _, closed, rest = text.partition("</think>")
    return rest if closed else completion


def _tagged(text: str, opening: str, closing: str) -> list[Proposal]:
    found: list[Proposal] = []
    position = 0
    while (end := text.find(closing, position)) >= 0:
        start = text.rfind(opening, position, end)
        if start >= 0:
            found.append(Proposal(text[start + len(opening) : end]))
        elif not found:
            found.append(Proposal(text[position:end]))
        position = end + len(closing)
    if not found and (start := text.find(opening)) >= 0:
        found.append(Proposal(text[start + len(opening) :], closed=False))
    return found


def _balanced(text: str, opening: str, closing: str) -> list[Proposal]:
    found: list[Proposal] = []
    depth = start = 0
    for position, character in enumerate(text):
        if character == opening:
            depth += 1
            if depth == 1:
                start = position + 1
        elif character == closing and depth:
            depth -= 1
            if depth == 0:
                found.append(Proposal(text[start:position]))
        elif character == closing and not found and start == 0:
            found.append(Proposal(text[:position]))
    if not found and depth:
        found.append(Proposal(text[start:], closed=False))
    return found


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate is not scored."""

    reason: str
    duplicate_of: int | None = None


def vet(
    solution: str,
    proposal: Proposal,
    template: Template,
    *,
    seen: Mapping[str, int],
    max_length: int | None,
    task_reason: Callable[[str], str | None],
    truncated: bool = False,
) -> Rejection | None:
    """Check a cleaned proposal before anything is spent on scoring it.

    Args:
        solution: The proposal's text after the task cleaned it.
        proposal: What was found in the completion.
        template: Its tags and placeholder must not be in a solution.
        seen: Every past candidate's text to its id, dropped and rejected ones included.
        max_length: Longest solution in characters; None for any.
        task_reason: What only the task can know.
        truncated: Whether the completion ended at the token limit.

    Returns:
        None when it may be scored.
    """
    if not solution:
        return Rejection("empty")
    if solution in seen:
        return Rejection(f"duplicate of #{seen[solution]}", seen[solution])
    if truncated and not proposal.closed:
        return Rejection("cut off at the token limit")
    for tag in (template.placeholder, template.proposal_open, template.proposal_close):
        if len(tag) > 1 and tag in solution:
            return Rejection(f"contains {tag}")
    if max_length is not None and len(solution) > max_length:
        return Rejection(f"{len(solution):,} characters, over the limit of {max_length:,}")
    reason = task_reason(solution)
    return Rejection(reason) if reason else None

"""Ready-made answers and faults for the loopback server, each a function of what it is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opro_tui.core.hashing import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.wire import Answer, LoopbackRequest

    Reply = Callable[[LoopbackRequest], str | list[str] | Answer]
    FaultHook = Callable[[int, LoopbackRequest], "Fault | None"]

_OPENINGS = (
    "Read",
    "Think through",
    "Work out",
    "Break down",
    "Set up",
    "Restate",
    "Check",
    "Solve",
)
_OBJECTS = ("the question", "each quantity", "the steps", "every part", "the equation", "the facts")
_MANNERS = ("slowly", "in order", "one at a time", "with care", "from the start", "aloud", "twice")
_ENDINGS = (
    "and give the number.",
    "before answering.",
    "then state the answer.",
    "and verify the result.",
    "and stop there.",
)
_SEVERAL = re.compile(r"Write (\d{1,3}) proposals")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    Attributes:
        status: Answer with this status; unless `body` is given, with an error in the path's format.
        headers: Added to the answer.
        body: The answer's exact body; a mapping is sent as JSON.
        code: The error's `code` (OpenAI) and, where set, its `type` (Anthropic).
        param: The error's `param` (OpenAI).
        message: The error's message.
        reset: Break the connection without an answer.
        answer_lost: Break the connection after the answer was made (and billed).
        truncate: Send half the body of the right answer, then close.
        halve: Send half the body of the right answer as if it were the whole.
        cut: Send half the body as a chunked stream that never ends, then break the connection.
        hang: Never answer.
        malformed: A 200 whose body is no JSON.
        delay: Seconds to wait on top of the server's latency; alone, the answer is right.
        ignore_n: Answer one completion whatever `n` says.
        refuse: Answer 400 if the request has this parameter.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | Mapping[str, Any] | None = None
    code: str | None = None
    param: str | None = None
    message: str = "injected fault"
    reset: bool = False
    answer_lost: bool = False
    truncate: bool = False
    halve: bool = False
    cut: bool = False
    hang: bool = False
    malformed: bool = False
    delay: float = 0.0
    ignore_n: bool = False
    refuse: str | None = None

    @property
    def spoils(self) -> bool:
        """Whether the right answer is made, and arrives broken."""
        return self.truncate or self.halve or self.cut


def pick(options: tuple[str, ...], *parts: object) -> str:
    """One of the options, as a function of the parts."""
    return options[int(uniform(*parts) * len(options))]


def proposal(*parts: object) -> str:
    """An instruction of a few words, as a function of the parts."""
    words = (_OPENINGS, _OBJECTS, _MANNERS, _ENDINGS)
    return " ".join(pick(options, *parts, slot) for slot, options in enumerate(words))


def default_reply(seed: int = 0) -> Reply:
    """Optimizer prompts (they contain `<INS>`) get proposals, all others `The answer is N.`"""

    def reply(request: LoopbackRequest) -> list[str]:
        prompt = request.prompt
        if "<INS>" not in prompt:
            return [
                f"The answer is {int(uniform(seed, prompt, i) * 100)}." for i in range(request.n)
            ]
        match = _SEVERAL.search(prompt)
        several = min(int(match[1]), 100) if match else 1
        return [
            "\n".join(f"<INS>{proposal(seed, prompt, i, j)}</INS>" for j in range(several))
            for i in range(request.n)
        ]

    return reply


def answering(targets: Mapping[str, str], seed: int = 0) -> Reply:
    """Scorer prompts get their target in a share of cases that the instruction decides.

    Args:
        targets: Question to right answer; the question found in the prompt is the one asked.
        seed: Changes which answers are right.
    """
    otherwise = default_reply(seed)

    def reply(request: LoopbackRequest) -> str | list[str] | Answer:
        prompt = request.prompt
        if "<INS>" not in prompt:
            for question, target in targets.items():
                if question in prompt:
                    ability = 0.3 + 0.6 * uniform(seed, prompt.replace(question, ""))
                    if uniform(seed, prompt) < ability:
                        return [f"The answer is {target}."] * request.n
                    break
        return otherwise(request)

    return reply


def storm(seed: int, *, hangs: float = 0.01) -> FaultHook:
    """A bad day at the endpoint: about a third of all requests fail, in every way there is.

    20 % 429 (half with Retry-After, one in ten of those absurd), 5 % 500, 5 % 529, 2 % resets, 2 %
    truncated bodies, 1 % hangs; a function of the seed and the request's number.
    """

    def fault(number: int, request: LoopbackRequest) -> Fault | None:
        draw = uniform(seed, number)
        limits = (
            (0.09, Fault(status=429, headers={"retry-after": "0.05"})),
            (0.10, Fault(status=429, headers={"retry-after": "86400"})),
            (0.20, Fault(status=429)),
            (0.25, Fault(status=500)),
            (0.30, Fault(status=529)),
            (0.32, Fault(reset=True)),
            (0.34, Fault(truncate=True)),
            (0.34 + hangs, Fault(hang=True)),
        )
        return next((found for limit, found in limits if draw < limit), None)

    return fault

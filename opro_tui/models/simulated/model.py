"""One simulated model behind the protocol that the real ones implement."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, Any, Final

from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.hashing import digest
from opro_tui.core.protocols import Completion, Finish, Response
from opro_tui.core.usage import ROLES, TokenUsage
from opro_tui.models.simulated import judge, optimizer, scorer
from opro_tui.models.simulated.batches import SimulatedBatches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.protocols import Account, Message, Request, Traits

LATENCY_VARIABLE: Final = "OPRO_TUI_SIMULATED_LATENCY"
"""Environment variable: seconds that each simulated call takes, so that a person can watch."""

_LONGEST_LATENCY: Final = 60.0
_TOKEN = re.compile(r"\w{1,6}|[^\w\s]")
_MESSAGE_OVERHEAD: Final = 4
_DEFAULT_TEMPERATURE: Final = {"optimizer": 1.0, "scorer": 0.0, "judge": 0.0}


class SimulatedModel:
    """A model that needs no key and no network, and whose answers are evidence of nothing."""

    name = "simulated"
    endpoint = "simulated"
    simulated = True
    offers_n = True
    offers_cache = False
    cache_from = 0
    max_output_default = 512
    concurrency: int | None = None
    account: Account | None = None

    def __init__(self, role: str, seed: int) -> None:
        if role not in ROLES:
            todo = nearest(role, ROLES) or f"The roles are {', '.join(ROLES)}."
            raise BadInput(f"unknown role {role!r}", where="simulated", todo=todo)
        self.role = role
        self.seed = seed
        self.known_traits: Traits = {}
        self.latency = _latency()

    async def prepare(self) -> None:
        """There is nothing to load."""

    def parameters(self, request: Request, traits: Traits) -> dict[str, Any]:
        """What identifies the draw, so that requests that may be answered differently differ."""
        temperature = self._temperature(request, traits)
        sent: dict[str, Any] = {
            "role": self.role,
            "seed": self.seed,
            "temperature": temperature,
            "n": request.n,
            "max_output_tokens": request.max_output_tokens,
            "draw": list(self._draw(request, temperature)),
        }
        if request.oracle is not None:
            # The same question may stand in the data twice, with different targets.
            sent["oracle"] = digest(request.oracle.input, request.oracle.target).hex()
        return sent

    async def complete(self, request: Request, traits: Traits) -> Response:
        """Answer a request; the same one always gets the same answer."""
        await asyncio.sleep(self.latency)
        return self.answer(request, traits)

    def answer(self, request: Request, traits: Traits) -> Response:
        """The answer, at once."""
        temperature = self._temperature(request, traits)
        texts = [self._text(request, temperature, index) for index in range(max(request.n, 1))]
        limit = request.max_output_tokens
        completions = tuple(_limited(text, limit) for text in texts)
        return Response(
            completions=completions,
            usage=TokenUsage(
                input_tokens=sum(
                    estimate_tokens(message.content) + _MESSAGE_OVERHEAD
                    for message in request.messages
                ),
                output_tokens=sum(
                    estimate_tokens(completion.text) + 1 for completion in completions
                ),
            ),
            model="simulated",
            request_id=f"simulated-{self._request_id(request, temperature)}",
        )

    def batches(self) -> SimulatedBatches:
        """How it takes many requests at once."""
        return SimulatedBatches(self)

    async def aclose(self) -> None:
        """There is nothing to let go of."""

    def _text(self, request: Request, temperature: float, index: int) -> str:
        draw = self._draw(request, temperature)
        if self.role == "optimizer":
            prompt = _joined(request.messages)
            return optimizer.complete(self.seed, prompt, temperature, draw, index)
        answer = scorer.complete if self.role == "scorer" else judge.complete
        return answer(self.seed, request.messages, request.oracle, temperature, draw, index)

    def _temperature(self, request: Request, traits: Traits) -> float:
        if request.temperature is None or traits.get("temperature") is False:
            return _DEFAULT_TEMPERATURE[self.role]
        return float(request.temperature)

    def _draw(self, request: Request, temperature: float) -> tuple[int | str, ...]:
        """A scorer without temperature answers the same in every draw."""
        return request.draw if self.role == "optimizer" or temperature > 0 else ()

    def _request_id(self, request: Request, temperature: float) -> str:
        draw = self._draw(request, temperature)
        text = _joined(request.messages)
        return digest(self.role, self.seed, temperature, draw, text, size=6).hex()


def estimate_tokens(text: str) -> int:
    """About as many tokens as a real tokenizer would count in an English text."""
    return sum(1 for _ in _TOKEN.finditer(text))


def _limited(text: str, limit: int | None) -> Completion:
    """A completion, cut where its tokens run out."""
    if limit is None:
        return Completion(text)
    for count, match in enumerate(_TOKEN.finditer(text)):
        if count == limit:
            return Completion(text[: match.start()].rstrip(), Finish.LENGTH)
    return Completion(text)


def _joined(messages: Sequence[Message]) -> str:
    return "\n\n".join(message.content for message in messages)


def _latency() -> float:
    text = os.environ.get(LATENCY_VARIABLE, "").strip() or "0"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_LATENCY:
        raise BadInput(
            f"{text!r} is no number of seconds from 0 to {_LONGEST_LATENCY:.0f}",
            where=LATENCY_VARIABLE,
            todo="Set it to a number such as 0.2, or unset it.",
        )
    return seconds

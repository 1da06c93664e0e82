"""What goes wrong at an endpoint on a bad day: seeded, counted, a function of what is asked."""

from __future__ import annotations

import time
from collections import Counter
from email.utils import formatdate
from typing import TYPE_CHECKING

from opro_tui.core.hashing import uniform
from tests.support.replies import Fault, proposal
from tests.support.wire import Answer
from tests.trust.books import mark_of, marked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.loopback import LoopbackServer
    from tests.support.replies import Reply
    from tests.support.wire import LoopbackRequest

LONG = 1100
"""Characters of a solution that is too long for the scorer."""


def _limited(draw: float) -> tuple[str, Fault]:
    """A 429, with one of all the things that endpoints say of when to come back."""
    said: tuple[tuple[str, dict[str, str]], ...] = (
        ("429, says nothing", {}),
        ("429, says nothing", {}),
        ("429, Retry-After", {"Retry-After": "0.05"}),
        ("429, Retry-After", {"Retry-After": "0"}),
        ("429, Retry-After", {"retry-after-ms": "40"}),
        ("429, Retry-After as a date", {"Retry-After": formatdate(time.time() + 1, usegmt=True)}),
        ("429, Retry-After as a date", {"Retry-After": "Fri, 01 Jan 1999 00:00:00 GMT"}),
        ("429, Retry-After absurd", {"Retry-After": "1000000000"}),
        ("429, Retry-After absurd", {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}),
        ("429, Retry-After absurd", {"Retry-After": "1e999"}),
        ("429, Retry-After absurd", {"Retry-After": "-5"}),
        ("429, Retry-After garbage", {"Retry-After": "soon"}),
        ("429, Retry-After garbage", {"Retry-After": "nan"}),
        ("429, Retry-After garbage", {"Retry-After": ""}),
        ("429, Retry-After garbage", {"Retry-After": "Mon, 99 Foo 2026 25:61:61 GMT"}),
    )
    name, headers = said[int(draw * len(said))]
    return name, Fault(status=429, message="Rate limit reached", headers=headers)


_REST: tuple[tuple[float, str, Fault], ...] = (
    (0.05, "500", Fault(status=500)),
    (0.05, "529", Fault(status=529, code="overloaded_error", message="Overloaded")),
    (0.01, "connection reset", Fault(reset=True)),
    (0.01, "connection reset, answer lost", Fault(answer_lost=True)),
    (0.01, "JSON truncated, connection closed", Fault(truncate=True)),
    (0.01, "JSON truncated", Fault(halve=True)),
    (0.01, "stream cut", Fault(cut=True)),
    (0.01, "no answer at all", Fault(hang=True)),
)
RATE_LIMITED = 0.2


class Storm:
    """A fault hook for the loopback server.

    Args:
        seed: Fixes what happens to which request.
        gone_at: The request, counted from the last `begin`, at which the endpoint vanishes; 0 for
            never.
        gone_for: Seconds for which it does.

    Attributes:
        injected: Kind of fault to how often it happened.
        blowing: Whether anything happens at all.
    """

    def __init__(self, seed: int | str, gone_at: int = 0, gone_for: float = 1.0) -> None:
        self.seed = seed
        self.gone_at = gone_at
        self.gone_for = gone_for
        self.server: LoopbackServer | None = None
        self.blowing = False
        self.injected: Counter[str] = Counter()
        self._begun = 0

    def begin(self, seed: int | str) -> None:
        """Blow from now on, under another seed."""
        assert self.server is not None
        self.seed, self.blowing = seed, True
        self._begun = len(self.server.ledger)

    def __call__(self, number: int, request: LoopbackRequest) -> Fault | None:
        if overlong(request):
            return Fault(
                status=400,
                code="context_length_exceeded",
                message="This model's maximum context length is 300 tokens",
            )
        if not self.blowing:
            return None
        number -= self._begun
        if number == self.gone_at and self.server is not None:
            self.injected["endpoint gone"] += 1
            self.server.vanish(self.gone_for)
            return Fault(reset=True)
        draw = uniform("storm", self.seed, number)
        name, fault = "", None
        if draw < RATE_LIMITED:
            name, fault = _limited(draw / RATE_LIMITED)
        draw -= RATE_LIMITED
        for share, each, its in _REST:
            if 0 <= draw < share:
                name, fault = each, its
            draw -= share
        if name:
            self.injected[name] += 1
        return fault


def overlong(request: LoopbackRequest) -> bool:
    """Whether the scorer can't read a request for the solution in it is too long."""
    return "<INS>" not in request.prompt and len(request.prompt) >= LONG


def odd_answers(reply: Reply) -> Reply:
    """One answer in ten of the scorer is none: empty, refused, filtered, cut off.

    One proposal in eight of the optimizer is far too long, and some of its answers are none too.
    """
    ordinary = marked(reply)

    def answer(request: LoopbackRequest) -> list[str] | Answer:
        found = ordinary(request)
        assert isinstance(found, list)
        draw = uniform("odd", mark_of(request))
        if "<INS>" in request.prompt:
            if draw < 0.3:
                words = " ".join(proposal(mark_of(request), i) for i in range(40))
                found[-1] = f"{found[-1].partition('<INS>')[0]}<INS>{words[: LONG + 50]}</INS>"
            return found
        kinds: tuple[Callable[[], Answer], ...] = (
            lambda: Answer(("",)),
            lambda: Answer(tuple(found), finish="refusal"),
            lambda: Answer(tuple(found), finish="filter"),
            lambda: Answer(tuple(found), finish="length"),
        )
        return kinds[int(draw * 40)]() if draw < 0.1 else found

    return answer

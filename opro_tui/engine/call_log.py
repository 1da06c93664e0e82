"""What the log file says of calls: request ids, attempts, times and tokens, and never a text."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from opro_tui.core.events import Outcome

if TYPE_CHECKING:
    from opro_tui.core.errors import ModelError
    from opro_tui.core.events import CallFinished
    from opro_tui.store.records import StoredBatch

log = logging.getLogger(__name__)


def again(call: int, attempt: int, error: ModelError, delay: float) -> None:
    """An attempt failed and is made again."""
    log.info("call %d: attempt %d %s; again in %.2f s", call, attempt, _why(error), delay)
    log.debug("call %d: %s", call, error)


def answered(event: CallFinished, model: str, request_id: str) -> None:
    """A call was answered."""
    if not log.isEnabledFor(logging.INFO):
        return
    used = event.usage
    log.info(
        "call %d: %s/%s of step %d by %s answered in %d ms at attempt %d,"
        " %s tokens in, %s out, request %s",
        event.call,
        event.role,
        event.purpose,
        event.step,
        model,
        event.milliseconds or 0,
        event.attempts,
        used.input_tokens if used.input_tokens is not None else "unknown",
        used.output_tokens if used.output_tokens is not None else "unknown",
        _id(request_id),
    )


def ended(event: CallFinished, model: str, error: ModelError | None) -> None:
    """A call ended without an answer."""
    why = "was broken off" if event.outcome is Outcome.UNKNOWN else "failed"
    if error is not None:
        why = f"{why}: {_why(error)}"
    log.warning(
        "call %d: %s/%s of step %d by %s %s after %d ms and %d attempts",
        event.call,
        event.role,
        event.purpose,
        event.step,
        model,
        why,
        event.milliseconds or 0,
        event.attempts,
    )
    if error is not None:
        log.debug("call %d: %s", event.call, error)


def batch(what: str, of: StoredBatch) -> None:
    """What became of a batch: sent, found again, taken in, never sent, let go."""
    log.info(
        "batch %s %s: %d requests of step %d to %s, %d open, named %s",
        of.tag,
        what,
        of.requests,
        of.step,
        of.model,
        of.open,
        _id(of.remote or ""),
    )


def _why(error: ModelError) -> str:
    """What kind of failure it was; its words may quote a prompt."""
    status = f" (HTTP {error.status})" if error.status is not None else ""
    asked = f", asked for {error.retry_after:g} s" if error.retry_after is not None else ""
    return f"{error.kind}{status}{asked}, request {_id(error.request_id)}"


def _id(text: str) -> str:
    """A request id, which the endpoint made up, on one line and of bounded length."""
    return "".join(c if c.isprintable() else "?" for c in text[:80]) or "unnamed"

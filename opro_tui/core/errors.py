"""Errors that carry what happened, to what, and what to do about it.

Every error that reaches a user is one of these; `str(error)` is one line.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class OproError(Exception):
    """Anything the program can explain.

    Args:
        what: One sentence on what happened.
        where: The file and row, setting, model or session it happened to.
        todo: What the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(what, where, todo)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.todo:
            text = (
                f"{text.rstrip('.')}. {self.todo}"
                if text[-1:] not in "?!"
                else f"{text} {self.todo}"
            )
        return " ".join(text.split())


class BadInput(OproError):
    """The user gave something that cannot be used; nothing was changed."""

    exit_code = 2


class CodeMissing(BadInput):
    """The user's code that a session names can't be had, or nobody has agreed to run it.

    Looking back works without it.
    """


class StoreError(OproError):
    """The database could not be read or written."""


class Damaged(StoreError):
    """What is stored of a session is not whole."""


class SessionBusy(OproError):
    """Another process is writing this session."""


class BudgetReached(OproError):
    """The next call could pass the budget, so it was not sent."""

    exit_code = 3


class ModelError(OproError):
    """A call gave no answer: the evaluation stays missing.

    Args:
        retryable: Whether the same call may succeed later.
        retry_after: Seconds the endpoint asked us to wait, if it said.
        status: HTTP status, if there was a response.
        kind: A short stable word for grouping: `rate_limit`, `overloaded`, `server`, `connection`,
            `timeout`, `malformed`, `unusable`, `web_page`, `auth`, `not_found`, `quota`,
            `rejected`, `missing_package`.
        fatal: Whether no other call to this endpoint can succeed either (bad key, unknown model).
        lost: Whether it may have been answered, and billed, all the same: it was sent, and no
            response came back that can be used.

    Attributes:
        request_id: What the endpoint called the request; empty where it said nothing.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        todo: str = "",
        kind: str = "rejected",
        retryable: bool = False,
        fatal: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        lost: bool = False,
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.kind = kind
        self.retryable = retryable
        self.fatal = fatal
        self.retry_after = retry_after
        self.status = status
        self.lost = lost
        self.request_id = ""


class ParameterRefused(ModelError):
    """The endpoint does not take a parameter (temperature, n, …); send the call again without it.

    Args:
        parameter: The trait to switch off, one of `core.traits.TRAITS`.
    """

    def __init__(
        self, what: str, *, parameter: str, where: str = "", status: int | None = 400
    ) -> None:
        super().__init__(what, where=where, kind="parameter", status=status)
        self.parameter = parameter


class ContextOverflow(ModelError):
    """The request is longer than the model reads; graded 0 where the candidate caused it."""

    def __init__(self, what: str, *, where: str = "", status: int | None = 400) -> None:
        super().__init__(what, where=where, kind="context_overflow", status=status)


def nearest(name: str, known: Iterable[str]) -> str:
    """Say the known name nearest to a wrong one, as a sentence; "" when none is near."""
    match = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"Did you mean {match[0]!r}?" if match else ""

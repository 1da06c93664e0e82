"""What a broken connection is called, whichever library noticed that it broke."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opro_tui.core.errors import ModelError
from opro_tui.models.errors import clean

if TYPE_CHECKING:
    from opro_tui.models.errors import Context


def connection_error(context: Context, cause: BaseException | None) -> ModelError:
    """No answer came: refused, reset, cut off, not in HTTP, or no such host.

    Args:
        context: The model and its endpoint.
        cause: What was raised beneath the SDK.
    """
    reason = "" if cause is None else clean(_reason(cause), context.secrets)
    what = f"the connection broke: {reason}" if reason else "the connection broke"
    todo = "Check that the endpoint's URL is right and that it runs."
    return ModelError(
        what,
        where=context.where,
        todo=todo,
        kind="connection",
        retryable=True,
        lost=cause is not None and _was_sent(cause),
    )


def _root(cause: BaseException) -> BaseException:
    import aiohttp

    chain = (cause, cause.__cause__)
    return next((each for each in chain if isinstance(each, aiohttp.ClientError)), cause)


def _was_sent(cause: BaseException) -> bool:
    """Whether the request may have reached the endpoint: there was a connection."""
    import aiohttp

    root = _root(cause)
    if isinstance(root, aiohttp.ClientError):
        never = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
        return not isinstance(root, never)
    return type(root).__name__ not in ("ConnectError", "ConnectTimeout")


def _reason(cause: BaseException) -> str:
    import aiohttp

    root = _root(cause)
    if isinstance(root, aiohttp.ClientConnectorDNSError):
        return "no such host is known"
    if isinstance(root, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not accepted ({root.certificate_error})"
    if isinstance(root, aiohttp.ClientConnectorError) and root.os_error.errno:
        return os.strerror(root.os_error.errno).lower()
    if isinstance(root, aiohttp.ServerTimeoutError):
        return "it could not be made in time"
    if isinstance(root, aiohttp.ServerDisconnectedError):
        return "the server closed it without an answer"
    if isinstance(root, aiohttp.ClientPayloadError):
        return "the answer was cut off"
    if isinstance(root, aiohttp.ClientResponseError):
        return "what came is not HTTP"
    return str(root)

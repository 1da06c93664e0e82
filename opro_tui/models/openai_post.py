"""How both of OpenAI's formats are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opro_tui.models.adapter import Json


async def post(client: Any, path: str, body: Json) -> Any:  # noqa: ANN401 - the SDK's types
    """Post a body as it is, through the SDK's client, and return the HTTP response.

    The SDK's own methods go through each parameter's type first, which takes longer than all the
    rest of a call (tests/benchmarks/step.py), and are imported in half a second.
    """
    import httpx2

    # Never the administrator's key, which the SDK would also take from the environment.
    options = {"security": {"bearer_auth": True}}
    return await client.post(path, body=body, options=options, cast_to=httpx2.Response)

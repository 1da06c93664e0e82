"""Models behind the loopback server, made as the program makes them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import ModelError
from opro_tui.core.protocols import Message, Request
from opro_tui.models.registry import create

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opro_tui.core.protocols import Model
    from tests.support.loopback import LoopbackServer

NAMES = ("openai/m", "openai-responses/m", "anthropic/m")
KEY = "sk-test-0123456789abcdef"


@asynccontextmanager
async def made(server: LoopbackServer, name: str, **options: Any) -> AsyncIterator[Model]:
    model = create(name, role="scorer", url=server.url, config=Config(), seed=0, **options)
    try:
        yield model
    finally:
        await model.aclose()


def ask(text: str = "Q: 1+1?", **options: Any) -> Request:
    return Request((Message("user", text),), **options)


async def failure(server: LoopbackServer, name: str, request: Request | None = None) -> ModelError:
    async with made(server, name) as model:
        with pytest.raises(ModelError) as caught:
            await model.complete(request or ask(), {})
        return caught.value

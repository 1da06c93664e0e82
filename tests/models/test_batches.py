"""What all batch endpoints share: limits kept, lines found, and names that can be printed."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.config import Config, Provider
from opro_tui.core.errors import ModelError
from opro_tui.core.protocols import Message, Request
from opro_tui.models.batches import line_of, lines_of
from opro_tui.models.clients import Address
from opro_tui.models.openai_batches import OpenAIBatches
from opro_tui.models.openai_chat import OpenAIChat
from opro_tui.models.registry import create
from tests.support.batches import BatchDesk
from tests.support.loopback import LoopbackServer


def batches(requests: int, size: int) -> OpenAIBatches:
    address = Address("openai", "http://127.0.0.1:1/v1", "k")
    model = OpenAIChat("openai/m", "m", address=address, endpoint=address.base_url or "")
    found = OpenAIBatches(model, "/v1/chat/completions")
    found.most_requests, found.most_bytes = requests, size
    return found


@given(st.lists(st.integers(0, 400), max_size=30), st.integers(1, 8), st.integers(300, 1200))
def test_the_limits_are_kept_and_nothing_is_left_out(
    lengths: list[int], most: int, size: int
) -> None:
    desk = batches(most, size)
    requests = [
        (f"t-{place}", Request((Message("user", "x" * length),)))
        for place, length in enumerate(lengths)
    ]
    counts = desk.split(requests, {})
    assert sum(counts) == len(lengths)
    assert all(0 < count <= most for count in counts)
    start = 0
    for count in counts:
        own = requests[start : start + count]
        written = sum(
            len(line_of(desk.entry(name, desk.adapter.arguments(request, {})[0])))
            for name, request in own
        )
        assert written <= size or count == 1
        start += count


@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(1, 7))
def test_a_stream_is_cut_at_newlines_only(lines: list[bytes], size: int) -> None:
    stream = b"\n".join(lines)

    async def chunks():
        for start in range(0, len(stream), size):
            yield stream[start : start + size]

    async def read() -> list[bytes]:
        return [line async for line in lines_of(chunks())]

    found = asyncio.run(read())
    assert [line.strip(b"\n") for line in found] == [
        line for line in stream.split(b"\n") if line.strip()
    ]
    assert all(line.endswith(b"\n") for line in found[:-1])


@pytest.mark.parametrize("name", ["", 3, None, "a b", "x\x1b[31m", "a/../b", "ü", "b" * 300])
def test_a_name_that_can_not_be_printed_is_none(name: object) -> None:
    desk = batches(1, 1)
    assert desk.name_in({"id": "msgbatch_01Hkc-T:j.V"}) == "msgbatch_01Hkc-T:j.V"
    with pytest.raises(ModelError, match="the batch has no id"):
        desk.name_in({"id": name})


def test_a_name_that_holds_the_key_is_none() -> None:
    """It would be stored, and stand in addresses and in every progress line."""
    address = Address("openai", "http://127.0.0.1:1/v1", "sk-planted-0123456789")
    model = OpenAIChat("openai/m", "m", address=address, endpoint=address.base_url or "")
    desk = OpenAIBatches(model, "/v1/chat/completions")
    with pytest.raises(ModelError, match="the batch's id is the key") as caught:
        desk.name_in({"id": "batch-sk-planted-0123456789"})
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_how_far_a_batch_is_holds_no_key(kind: str) -> None:
    """As `batch NAME` shows it while one is under way."""
    key = "sk-planted-0123456789"

    class Telling(BatchDesk):
        def _shown(self, batch):
            shown = super()._shown(batch)
            name = "status" if kind == "openai" else "processing_status"
            return shown | {name: f"waits for {key}"}

    with LoopbackServer(desk=Telling(looks=9), key=key) as server:
        provider = Provider("lab", kind, server.url, api_key_env="LAB_KEY")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LAB_KEY", key)
            config = Config(providers={"lab": provider})
            model = create("lab/m", role="scorer", url=None, config=config, seed=0)
        desk = model.batches()
        remote = await desk.submit([("t-1", Request((Message("user", "x"),)))], {}, "t")
        assert (await desk.look(remote)).status == "waits for [key]"
        await model.aclose()

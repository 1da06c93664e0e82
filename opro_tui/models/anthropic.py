"""Anthropic's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.core.protocols import Completion, Finish, Response
from opro_tui.core.usage import TokenUsage
from opro_tui.models.adapter import Adapter, Malformed, encodable, list_of, text_of, tokens_in

if TYPE_CHECKING:
    from opro_tui.core.protocols import Batches, Request, Traits
    from opro_tui.models.adapter import Json

_FINISH = {
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "refusal": Finish.REFUSAL,
}
VERSION_WITH_TEMPERATURE = "2023-06-01"
_CACHE_FROM = {
    "haiku-4-5": 4096,
    "opus-4-5": 4096,
    "opus-4-6": 4096,
    "sonnet-4-6": 2048,
    "3-5-haiku": 2048,
    "3-haiku": 2048,
}
"""Part of a model's name to the fewest tokens that its cache takes, where that is above 1,024."""


class Anthropic(Adapter):
    """A model behind a messages endpoint; one completion a request, prompts can be cached."""

    offers_cache = True

    @property
    def cache_from(self) -> int:  # type: ignore[override]
        """As Anthropic's documentation says; a mark on what is shorter does and costs nothing."""
        return next((least for name, least in _CACHE_FROM.items() if name in self.model), 1024)

    def parameters(self, request: Request, traits: Traits) -> Json:
        """Everything that will be sent except the messages, JSON-ready."""
        sent: Json = {
            "model": self.model,
            "max_tokens": request.max_output_tokens or self.max_output_default,
        }
        if request.temperature is not None and self._trait(traits, "temperature") is not False:
            sent["temperature"] = request.temperature
        if request.reasoning_effort and self._trait(traits, "reasoning_effort") is not False:
            sent["output_config"] = {"effort": request.reasoning_effort}
        return sent

    def _messages(self, request: Request, traits: Traits) -> Json:
        system, parts = _parts(request)
        if system and self._trait(traits, "system") is False:
            parts = [*system, *parts]
            system = []
        sent: Json = {"messages": [{"role": "user", "content": parts}]}
        if any("cache_control" in part for part in system):
            sent["system"] = system
        elif system:
            sent["system"] = "".join(part["text"] for part in system)
        return sent

    def batches(self) -> Batches:
        """How it takes many requests at once."""
        from opro_tui.models.anthropic_batches import AnthropicBatches

        return AnthropicBatches(self)

    async def _send(self, client: Any, arguments: Json) -> Any:  # noqa: ANN401
        # The SDK and the current API version know no temperature; an older version still does.
        temperature = arguments.pop("temperature", None)
        if temperature is not None:
            arguments["extra_body"] = {"temperature": temperature}
            arguments["extra_headers"] = {"anthropic-version": VERSION_WITH_TEMPERATURE}
        raw = await client.messages.with_raw_response.create(**arguments)
        return raw.http_response

    def _read(self, body: Json) -> Response:
        parts = list_of(body.get("content"), "content")
        if "stop_reason" not in body:
            raise Malformed("it has no stop_reason")
        text = "".join(text_of(part.get("text")) for part in parts if part.get("type") == "text")
        finish = _FINISH.get(str(body["stop_reason"]), Finish.STOP)
        return Response(
            (Completion(text, finish),), _usage(body.get("usage")), text_of(body.get("model"))
        )


def _parts(request: Request) -> tuple[list[Json], list[Json]]:
    """The texts of the system and of the rest, the end of what is to be cached marked.

    A text that is cached in part makes two parts, which together are the same text.
    """
    system: list[Json] = []
    rest: list[Json] = []
    left, marked = request.cache, None
    for message in request.messages:
        into = system if message.role == "system" else rest
        text = message.content
        if into is system and system:
            text = "\n\n" + text
            left += 2 if left > 0 else 0
        for piece in (text[: max(0, left)], text[max(0, left) :]):
            if not piece:
                continue
            into.append({"type": "text", "text": encodable(piece)})
            if left > 0:
                marked = into[-1]
            left -= len(piece)
    if marked is not None:
        marked["cache_control"] = {"type": "ephemeral"}
    return system, rest


def _usage(usage: object) -> TokenUsage:
    fresh = tokens_in(usage, "input_tokens")
    cached = tokens_in(usage, "cache_read_input_tokens") or 0
    cache_write = tokens_in(usage, "cache_creation_input_tokens") or 0
    written = tokens_in(usage, "output_tokens")
    thinking = tokens_in(usage, "output_tokens_details", "thinking_tokens") or 0
    return TokenUsage(
        input_tokens=None if fresh is None else fresh + cached + cache_write,
        cached_tokens=cached,
        cache_write_tokens=cache_write,
        output_tokens=written,
        reasoning_tokens=min(thinking, written or 0),
    )

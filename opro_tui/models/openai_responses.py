"""OpenAI's Responses endpoint, for the models that only it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.core.protocols import Completion, Finish, Response
from opro_tui.core.usage import TokenUsage
from opro_tui.models.adapter import (
    Adapter,
    Failed,
    Malformed,
    encodable,
    list_of,
    text_of,
    tokens_in,
)
from opro_tui.models.openai_batches import OpenAIBatches
from opro_tui.models.openai_post import post

if TYPE_CHECKING:
    from opro_tui.core.protocols import Request, Traits
    from opro_tui.models.adapter import Json

_INCOMPLETE = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.FILTER}


class OpenAIResponses(Adapter):
    """A model behind a Responses endpoint; one completion a request."""

    def parameters(self, request: Request, traits: Traits) -> Json:
        """Everything that will be sent except the messages, JSON-ready."""
        sent: Json = {"model": self.model}
        if request.temperature is not None and self._trait(traits, "temperature") is not False:
            sent["temperature"] = request.temperature
        if request.max_output_tokens is not None and self._trait(traits, "max_tokens") is not False:
            sent["max_output_tokens"] = request.max_output_tokens
        if request.reasoning_effort and self._trait(traits, "reasoning_effort") is not False:
            sent["reasoning"] = {"effort": request.reasoning_effort}
        return sent

    def _messages(self, request: Request, traits: Traits) -> Json:
        texts = [(each.role, encodable(each.content)) for each in request.messages]
        system = "\n\n".join(text for role, text in texts if role == "system")
        user = [text for role, text in texts if role != "system"]
        if system and self._trait(traits, "system") is False:
            user = [system, *user]
            system = ""
        sent: Json = {"input": "\n\n".join(user)}
        if system:
            sent["instructions"] = system
        return sent

    def batches(self) -> OpenAIBatches:
        """How it takes many requests at once."""
        return OpenAIBatches(self, "/v1/responses")

    async def _send(self, client: Any, arguments: Json) -> Any:  # noqa: ANN401
        return await post(client, "/responses", arguments)

    def _read(self, body: Json) -> Response:
        status = body.get("status")
        if status in ("failed", "cancelled"):
            raise Failed(f"its status is {status}")
        if status in ("queued", "in_progress"):
            raise Malformed(f"its status is {status}")
        items = list_of(body.get("output"), "output")
        parts = [
            part
            for item in items
            if item.get("type") == "message"
            for part in list_of(item.get("content"), "content")
        ]
        text = "".join(text_of(each.get("text")) for each in parts if each.get("type") != "refusal")
        refusal = "".join(text_of(each.get("refusal")) for each in parts)
        details = body.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        finish = _INCOMPLETE.get(str(reason), Finish.STOP)
        if status == "incomplete" and finish is Finish.STOP:
            finish = Finish.LENGTH
        if refusal and not text:
            text, finish = refusal, Finish.REFUSAL
        return Response(
            (Completion(text, finish),), _usage(body.get("usage")), text_of(body.get("model"))
        )


def _usage(usage: object) -> TokenUsage:
    read = tokens_in(usage, "input_tokens")
    written = tokens_in(usage, "output_tokens")
    cached = tokens_in(usage, "input_tokens_details", "cached_tokens") or 0
    cache_write = tokens_in(usage, "input_tokens_details", "cache_write_tokens") or 0
    reasoning = tokens_in(usage, "output_tokens_details", "reasoning_tokens") or 0
    return TokenUsage(
        input_tokens=read,
        cached_tokens=min(cached, read or 0),
        cache_write_tokens=min(cache_write, read or 0),
        output_tokens=written,
        reasoning_tokens=min(reasoning, written or 0),
    )

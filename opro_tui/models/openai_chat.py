"""OpenAI's chat completions, and every endpoint that speaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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

_FINISH = {"length": Finish.LENGTH, "content_filter": Finish.FILTER}


class OpenAIChat(Adapter):
    """A model behind a chat completions endpoint."""

    offers_n = True

    def parameters(self, request: Request, traits: Traits) -> Json:
        """Everything that will be sent except the messages, JSON-ready."""
        sent: Json = {"model": self.model}
        if request.n > 1 and self._trait(traits, "n") is not False:
            sent["n"] = request.n
        if request.temperature is not None and self._trait(traits, "temperature") is not False:
            sent["temperature"] = request.temperature
        limit = self._limit_name(traits)
        if request.max_output_tokens is not None and limit is not None:
            sent[limit] = request.max_output_tokens
        if request.reasoning_effort and self._trait(traits, "reasoning_effort") is not False:
            sent["reasoning_effort"] = request.reasoning_effort
        return sent

    def _limit_name(self, traits: Traits) -> str | None:
        """What limits the answer: the newer parameter at OpenAI's, the older one elsewhere."""
        host = urlsplit(self.endpoint).hostname or ""
        names = ["max_tokens", "max_completion_tokens"]
        if host == "openai.com" or host.endswith(".openai.com"):
            names.reverse()
        taken = [name for name in names if self._trait(traits, name) is not False]
        known = [name for name in taken if self._trait(traits, name) is True]
        return next(iter([*known, *taken]), None)

    def _messages(self, request: Request, traits: Traits) -> Json:
        messages = [(each.role, encodable(each.content)) for each in request.messages]
        if self._trait(traits, "system") is False:
            messages = [("user", "\n\n".join(content for _, content in messages))]
        return {"messages": [{"role": role, "content": content} for role, content in messages]}

    def batches(self) -> OpenAIBatches:
        """How it takes many requests at once."""
        return OpenAIBatches(self, "/v1/chat/completions")

    async def _send(self, client: Any, arguments: Json) -> Any:  # noqa: ANN401
        return await post(client, "/chat/completions", arguments)

    def _read(self, body: Json) -> Response:
        choices = list_of(body.get("choices"), "choices")
        if not choices:
            raise Malformed("it has no choices")
        completions = tuple(_completion(choice) for choice in choices)
        return Response(completions, _usage(body.get("usage")), text_of(body.get("model")))


def _completion(choice: Json) -> Completion:
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Malformed("a choice has no message")
    reason = choice.get("finish_reason")
    if reason == "error":
        raise Failed("a choice ended in an error")
    text = text_of(message.get("content"))
    refusal = text_of(message.get("refusal"))
    if refusal and not text:
        return Completion(refusal, Finish.REFUSAL)
    return Completion(
        text, _FINISH.get(reason, Finish.STOP) if type(reason) is str else Finish.STOP
    )


def _usage(usage: object) -> TokenUsage:
    read = tokens_in(usage, "prompt_tokens")
    written = tokens_in(usage, "completion_tokens")
    reasoning = tokens_in(usage, "completion_tokens_details", "reasoning_tokens") or 0
    total = tokens_in(usage, "total_tokens")
    if reasoning and None not in (read, written) and total == read + written + reasoning:  # type: ignore[operator]
        # Some endpoints leave reasoning out of the completion's tokens, but bill it.
        written = (written or 0) + reasoning
    return TokenUsage(
        input_tokens=read,
        cached_tokens=_part(usage, read, "prompt_tokens_details", "cached_tokens"),
        cache_write_tokens=_part(usage, read, "prompt_tokens_details", "cache_write_tokens"),
        output_tokens=written,
        reasoning_tokens=min(reasoning, written or 0),
    )


def _part(usage: object, whole: int | None, *path: str) -> int:
    return min(tokens_in(usage, *path) or 0, whole or 0)

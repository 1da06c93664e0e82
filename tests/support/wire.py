"""The three wire formats that the loopback server speaks: requests read, answers written."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"
MODELS = "/v1/models"

_TOKEN = re.compile(r"\w+|[^\w\s]")
_CHAT_FINISH = {"stop": "stop", "length": "length", "filter": "content_filter", "refusal": "stop"}
_MESSAGES_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "filter": "refusal",
    "refusal": "refusal",
}


@dataclass(frozen=True, slots=True)
class LoopbackRequest:
    """One POST, read from whichever format it came in.

    Attributes:
        number: 1 for the first POST to a model path, in order of arrival.
        path: One of this module's paths.
        headers: By lower-case name.
        body: The JSON as sent.
        model: The model asked for.
        messages: (role, text); a system prompt or instructions come first, as role `system`.
        n: Completions asked for.
        prefix: The prompt up to where it is marked for caching (Anthropic); None without a mark.
    """

    number: int
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    model: str
    messages: tuple[tuple[str, str], ...]
    n: int
    prefix: str | None

    @property
    def prompt(self) -> str:
        """All message texts, each on a line of its own."""
        return "\n".join(text for _, text in self.messages)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a test wants answered, where a text alone does not say it.

    Attributes:
        texts: One per completion.
        finish: `stop`, `length`, `filter` or `refusal`.
        usage: Whether the answer says what it used.
        reasoning_tokens: Counted as output on top of the texts' tokens.
    """

    texts: tuple[str, ...]
    finish: str = "stop"
    usage: bool = True
    reasoning_tokens: int = 0


@dataclass(slots=True)
class Record:
    """One POST to a model path, as the server saw it.

    Attributes:
        status: What was answered; 0 while it is open, was reset, or hangs.
        delivered: Whether the whole answer was handed to a connection that was still open.
        input_tokens: As reported in `usage`, cached ones included; 0 unless status is 200.
        started: Seconds on the monotonic clock.
        ended: The same, when the answer left or the connection broke; None while it is open.
    """

    number: int
    path: str
    model: str
    messages: tuple[tuple[str, str], ...]
    body: Mapping[str, Any]
    started: float
    input_tokens: int = 0
    output_tokens: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    completions: int = 0
    status: int = 0
    delivered: bool = False
    ended: float | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens of one answer as the server reports them; `input` includes cached and written."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


def count(text: str) -> int:
    """The loopback model's tokens: words and single signs."""
    return len(_TOKEN.findall(text))


def read_request(
    number: int, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
) -> LoopbackRequest:
    """Read a body of any format; what is missing or odd becomes empty."""
    content = list(_messages(path, body))
    n = body.get("n")
    return LoopbackRequest(
        number=number,
        path=path,
        headers=headers,
        body=body,
        model=str(body.get("model", "")),
        messages=tuple((role, _text(parts)) for role, parts in content),
        n=n if isinstance(n, int) and n > 0 else 1,
        prefix=_prefix([parts for _, parts in content]),
    )


def _messages(path: str, body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    first = body.get("instructions") if path == RESPONSES else body.get("system")
    if first:
        found.append(("system", first))
    rest = body.get("input") if path == RESPONSES else body.get("messages")
    if isinstance(rest, str):
        rest = [{"role": "user", "content": rest}]
    found.extend(
        (str(each.get("role", "")), each.get("content"))
        for each in rest or ()
        if type(each) is dict
    )
    return found


def _text(parts: Any) -> str:
    if isinstance(parts, str):
        return parts
    return "".join(str(part.get("text", "")) for part in parts or () if isinstance(part, dict))


def _prefix(content: list[Any]) -> str | None:
    """The texts up to the last mark."""
    texts: list[str] = []
    marked = 0
    for parts in content:
        for part in parts if isinstance(parts, list) else [{"text": parts}]:
            if isinstance(part, dict):
                texts.append(str(part.get("text", "")))
                marked = len(texts) if "cache_control" in part else marked
    return "".join(texts[:marked]) if marked else None


def tokens_of(request: LoopbackRequest) -> int:
    """Input tokens: the texts', and three for each message's frame."""
    return sum(count(text) + 3 for _, text in request.messages)


def write_answer(request: LoopbackRequest, answer: Answer, counts: Counts) -> dict[str, Any]:
    """The 200 body of an answer in the format that was asked in."""
    writers = {CHAT: _chat, RESPONSES: _responses, MESSAGES: _anthropic}
    body = writers[request.path](request, answer, counts)
    if not answer.usage:
        del body["usage"]
    return body


def _chat(request: LoopbackRequest, answer: Answer, counts: Counts) -> dict[str, Any]:
    refused = answer.finish == "refusal"
    choices = [
        {
            "index": index,
            "message": {
                "role": "assistant",
                "content": None if refused else text,
                "refusal": text if refused else None,
            },
            "finish_reason": _CHAT_FINISH[answer.finish],
            "logprobs": None,
        }
        for index, text in enumerate(answer.texts)
    ]
    return {
        "id": f"chatcmpl-{request.number}",
        "object": "chat.completion",
        "created": 0,
        "model": request.model,
        "choices": choices,
        "usage": {
            "prompt_tokens": counts.input,
            "completion_tokens": counts.output,
            "total_tokens": counts.input + counts.output,
            "prompt_tokens_details": {"cached_tokens": counts.cached},
            "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
        },
    }


def _responses(request: LoopbackRequest, answer: Answer, counts: Counts) -> dict[str, Any]:
    text = answer.texts[0] if answer.texts else ""
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
    if answer.finish == "refusal":
        part = {"type": "refusal", "refusal": text}
    reasons = {"length": "max_output_tokens", "filter": "content_filter"}
    reason = reasons.get(answer.finish)
    message = {
        "type": "message",
        "id": f"msg-{request.number}",
        "role": "assistant",
        "status": "incomplete" if reason else "completed",
        "content": [part],
    }
    return {
        "id": f"resp-{request.number}",
        "object": "response",
        "created_at": 0,
        "model": request.model,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "instructions": request.body.get("instructions"),
        "metadata": {},
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": counts.input,
            "input_tokens_details": {"cached_tokens": counts.cached},
            "output_tokens": counts.output,
            "output_tokens_details": {"reasoning_tokens": counts.reasoning},
            "total_tokens": counts.input + counts.output,
        },
    }


def _anthropic(request: LoopbackRequest, answer: Answer, counts: Counts) -> dict[str, Any]:
    return {
        "id": f"msg-{request.number}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [{"type": "text", "text": text} for text in answer.texts[:1] if text],
        "stop_reason": _MESSAGES_FINISH[answer.finish],
        "stop_sequence": None,
        "usage": {
            "input_tokens": counts.input - counts.cached - counts.cache_write,
            "cache_read_input_tokens": counts.cached,
            "cache_creation_input_tokens": counts.cache_write,
            "output_tokens": counts.output,
        },
    }


def error_body(
    path: str, message: str, *, kind: str, code: str | None, param: str | None
) -> dict[str, Any]:
    """An error body in the format of the path."""
    if path in (MESSAGES, COUNT_TOKENS):
        return {
            "type": "error",
            "error": {"type": kind, "message": message},
            "request_id": "req_loopback",
        }
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}

"""The batch endpoints of the loopback server: OpenAI's with their files, and Anthropic's.

A batch is through after so many looks (a list is one), or seconds; its results are made then, in
another order than asked, and every answer is counted once as bought.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from opro_tui.core.hashing import uniform
from tests.support.replies import Fault
from tests.support.wire import (
    MESSAGES,
    Answer,
    LoopbackRequest,
    error_body,
    read_request,
    write_answer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.support.loopback import LoopbackServer

    Reply = tuple[int, bytes | Mapping[str, Any]]

FILES = "/v1/files"
BATCHES = "/v1/batches"
MESSAGE_BATCHES = "/v1/messages/batches"
EXPIRED, CANCELLED = "expired", "cancelled"


@dataclass
class Bought:
    """One answer that a batch brought, as the provider bills it."""

    batch: str
    custom_id: str
    prompt: str
    input_tokens: int
    output_tokens: int


@dataclass
class Batch:
    """One batch.

    Attributes:
        kind: `openai` or `anthropic`.
        items: (custom id, path, body) in the order sent.
        looks: How often it was looked at.
        kept: How many requests are through when it is cancelled; None takes those that are by then.
        lines: Its results, once it is through.
    """

    id: str
    kind: str
    path: str
    items: list[tuple[str, str, dict[str, Any]]]
    headers: Mapping[str, str]
    metadata: dict[str, str] = field(default_factory=dict)
    made: float = field(default_factory=time.time)
    looks: int = 0
    cancelled: bool = False
    kept: int | None = None
    error: str = ""
    ended: bool = False
    lines: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)


class BatchDesk:
    """What takes batches at a loopback server.

    Args:
        looks: How many looks until a batch is through.
        seconds: How many seconds until then, for use by hand; then looks don't count.
        item: What goes wrong with a request: given its number among all and itself, a `Fault` with
            a status, `expired`, or None.
        fault: What goes wrong with a call on the desk itself, given its name (`upload`, `create`,
            `created`, `look`, `results`, `list`, `cancel`); a status, or 0 to cut it off.
        seen: Told the name of each call on the desk, before it is answered.
        most: The most requests in one batch.
        seed: For the order of results.

    Attributes:
        spoil: Changes the bytes of results on their way.
        cuts: How the next results break off in the middle.
    """

    def __init__(
        self,
        *,
        looks: int = 2,
        seconds: float | None = None,
        item: Callable[[int, LoopbackRequest], Fault | str | None] | None = None,
        fault: Callable[[str], int | None] | None = None,
        seen: Callable[[str], None] | None = None,
        most: int = 50_000,
        seed: int = 0,
    ) -> None:
        self.looks = looks
        self.seconds = seconds
        self.item = item
        self.fault = fault
        self.seen = seen
        self.most = most
        self.seed = seed
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Batch] = {}
        self.bought: list[Bought] = []
        self.calls: list[str] = []
        self.server: LoopbackServer
        self.cuts: list[Fault] = []
        self.spoil: Callable[[bytes], bytes] = bytes
        self._asked = 0

    def twice(self) -> list[str]:
        """Prompts that were bought more than once."""
        prompts = [each.prompt for each in self.bought]
        return sorted({prompt for prompt in prompts if prompts.count(prompt) > 1})

    def handle(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> Reply | None:
        """Answer a call on a path of batches; None for any other. Status 0 cuts it off."""
        parts = urlsplit(target)
        path = "/v1/" + parts.path.removeprefix("/v1/v1/").removeprefix("/v1/").strip("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not path.startswith((FILES, BATCHES, MESSAGE_BATCHES)):
            return None
        if not self.server.knows_key(headers):
            return self._refuse(path, 401, "Incorrect API key provided")
        kind, rest = (FILES, path.removeprefix(FILES))
        for prefix in (BATCHES, MESSAGE_BATCHES):
            if path.startswith(prefix):
                kind, rest = prefix, path.removeprefix(prefix)
        name, _, action = rest.strip("/").partition("/")
        if kind == FILES:
            return self._file(method, name, action, headers, raw)
        if not name:
            if method == "POST":
                return self._create(kind, headers, json.loads(raw))
            return self._call("list") or self._list(kind, query)
        batch = self.batches.get(name)
        if batch is None:
            return self._refuse(path, 404, f"No batch found with id '{name}'.")
        if action == "cancel":
            batch.cancelled = True
            return self._call("cancel") or (200, self._shown(batch))
        if action == "results":
            return self._call("results") or (200, self.spoil(_jsonl(batch.lines)))
        return self._call("look") or self._look(batch)

    def _call(self, name: str) -> Reply | None:
        self.calls.append(name)
        if self.seen is not None:
            self.seen(name)
        status = self.fault(name) if self.fault is not None else None
        if status is None:
            return None
        return (status, {"error": {"message": "injected fault", "type": "injected"}})

    def _refuse(self, path: str, status: int, message: str) -> Reply:
        style = MESSAGES if path.startswith(MESSAGE_BATCHES) else path
        kinds = {401: "authentication_error", 404: "not_found_error"}
        kind = kinds.get(status, "invalid_request_error")
        return status, error_body(style, message, kind=kind, code=kind, param=None)

    # --- OpenAI's files ---

    def _file(
        self, method: str, name: str, action: str, headers: Mapping[str, str], raw: bytes
    ) -> Reply:
        if method == "DELETE":
            self.files.pop(name, None)
            return 200, {"id": name, "object": "file", "deleted": True}
        if action == "content":
            return self._call("results") or (200, self.spoil(self.files[name]))
        if failed := self._call("upload"):
            return failed
        fields = _multipart(headers["content-type"], raw)
        assert fields["purpose"] == b"batch"
        id_ = f"file-{len(self.files) + 1}"
        self.files[id_] = fields["file"]
        return 200, {"id": id_, "object": "file", "purpose": "batch", "bytes": len(fields["file"])}

    # --- batches ---

    def _create(self, kind: str, headers: Mapping[str, str], body: dict[str, Any]) -> Reply:
        if failed := self._call("create"):
            return failed
        number = len(self.batches) + 1
        if kind == BATCHES:
            assert body["completion_window"] == "24h"
            lines = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
            items = [(line["custom_id"], line["url"], line["body"]) for line in lines]
            assert all(path == body["endpoint"] for _, path, _ in items)
            batch = Batch(f"batch_{number}", "openai", body["endpoint"], items, headers)
            batch.metadata = body.get("metadata") or {}
        else:
            items = [(each["custom_id"], MESSAGES, each["params"]) for each in body["requests"]]
            batch = Batch(f"msgbatch_{number}", "anthropic", MESSAGES, items, headers)
        names = [custom_id for custom_id, _, _ in items]
        assert len(set(names)) == len(names)
        assert all(len(each) <= 64 for each in names)
        if len(items) > self.most:
            return self._refuse(kind, 400, f"More than {self.most} requests.")
        self.batches[batch.id] = batch
        return self._call("created") or (200, self._shown(batch))

    def _look(self, batch: Batch) -> tuple[int, dict[str, Any]]:
        batch.looks += 1
        if not batch.ended and (batch.cancelled or self._through(batch) >= len(batch.items)):
            self._end(batch)
        return 200, self._shown(batch)

    def _through(self, batch: Batch) -> int:
        """How many requests are through by now."""
        if batch.ended:
            return len(batch.items)
        share = batch.looks / max(1, self.looks)
        if self.seconds is not None:
            share = (time.time() - batch.made) / max(0.001, self.seconds)
        return min(len(batch.items), int(len(batch.items) * share))

    def _end(self, batch: Batch) -> None:
        """Make the results, in another order than asked."""
        through = self._through(batch) if batch.kept is None else batch.kept
        batch.ended = True
        for place, (custom_id, path, body) in enumerate(batch.items):
            if batch.error:
                break
            outcome = self._outcome(batch, custom_id, path, body)
            if batch.cancelled and place >= through:
                outcome = (CANCELLED, None)
            kind = outcome[0]
            batch.outcomes[kind] = batch.outcomes.get(kind, 0) + 1
            write = self._openai_line if batch.kind == "openai" else _anthropic_line
            line = write(custom_id, outcome)
            if line is not None:
                batch.lines.append(line)
            if kind == "succeeded":
                self._buy(batch, custom_id, path, body, outcome[1])
        batch.lines.sort(key=lambda line: uniform(self.seed, line["custom_id"]))

    def _outcome(
        self, batch: Batch, custom_id: str, path: str, body: dict[str, Any]
    ) -> tuple[str, Any]:
        self._asked += 1
        request = read_request(self._asked, path, batch.headers, body)
        found = self.item(self._asked, request) if self.item is not None else None
        if isinstance(found, str):
            return found, None
        names = self.server.refused_by(request, found or Fault())
        if names is not None:
            message = f"Unsupported parameter: '{names}' is not supported with this model."
            found = Fault(status=400, message=message, code="unsupported_parameter", param=names)
        if found is not None and found.status is not None:
            kind = found.code or "injected"
            return "errored", (
                found.status,
                found.body
                or error_body(path, found.message, kind=kind, code=found.code, param=found.param),
            )
        answer = self.server.reply(request)
        if not isinstance(answer, Answer):
            answer = Answer((answer,) if isinstance(answer, str) else tuple(answer))
        counts = self.server.count_answer(request, answer)
        return "succeeded", write_answer(request, answer, counts)

    def _buy(
        self, batch: Batch, custom_id: str, path: str, body: dict[str, Any], answer: dict[str, Any]
    ) -> None:
        usage = answer.get("usage", {})
        read = ("prompt_tokens", "input_tokens", "cache_read_input_tokens")
        self.bought.append(
            Bought(
                batch.id,
                custom_id,
                read_request(0, path, {}, body).prompt,
                sum(usage.get(name, 0) for name in read),
                usage.get("completion_tokens", usage.get("output_tokens", 0)),
            )
        )

    def _openai_line(self, custom_id: str, outcome: tuple[str, Any]) -> dict[str, Any] | None:
        kind, found = outcome
        line: dict[str, Any] = {"id": f"batch_req_{custom_id}", "custom_id": custom_id}
        if kind == CANCELLED:
            return None
        if kind == EXPIRED:
            error = {"code": "batch_expired", "message": "This request could not be executed."}
            return line | {"response": None, "error": error}
        status, body = (200, found) if kind == "succeeded" else found
        response = {"status_code": status, "request_id": f"req_{custom_id}", "body": body}
        return line | {"response": response, "error": None}

    # --- what is shown ---

    def _list(self, kind: str, query: Mapping[str, str]) -> Reply:
        wanted = "openai" if kind == BATCHES else "anthropic"
        found = [each for each in reversed(self.batches.values()) if each.kind == wanted]
        after = query.get("after") or query.get("after_id")
        if after:
            place = next(i for i, each in enumerate(found) if each.id == after)
            found = found[place + 1 :]
        limit = int(query.get("limit", 20))
        page = [self._look(each)[1] for each in found[:limit]]
        more = len(found) > limit
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        return 200, {"object": "list", "data": page, "has_more": more, **ends}

    def _shown(self, batch: Batch) -> dict[str, Any]:
        return self._as_openai(batch) if batch.kind == "openai" else self._as_anthropic(batch)

    def _as_openai(self, batch: Batch) -> dict[str, Any]:
        status = "in_progress" if batch.looks else "validating"
        if batch.ended:
            status = "cancelled" if batch.cancelled else "completed"
            if batch.outcomes.get(EXPIRED):
                status = "expired"
            if batch.error:
                status = "failed"
        elif batch.cancelled:
            status = "cancelling"
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for line in batch.lines:
            answered = (line["response"] or {}).get("status_code") == 200
            (good if answered else bad).append(line)
        for name, lines in (("output", good), ("error", bad)):
            if lines:
                self.files[f"file-{name}-{batch.id}"] = _jsonl(lines)
        through = len(batch.lines) if batch.ended else self._through(batch)
        error = {"code": "invalid_request", "message": batch.error, "param": None, "line": None}
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": batch.path,
            "input_file_id": "file-1",
            "completion_window": "24h",
            "status": status,
            "errors": {"object": "list", "data": [error]} if batch.error else None,
            "created_at": int(batch.made),
            "output_file_id": f"file-output-{batch.id}" if good else None,
            "error_file_id": f"file-error-{batch.id}" if bad else None,
            "metadata": batch.metadata,
            "request_counts": {
                "total": len(batch.items),
                "completed": len(good) if batch.ended else through,
                "failed": len(bad),
            },
        }

    def _as_anthropic(self, batch: Batch) -> dict[str, Any]:
        status = "ended" if batch.ended else "canceling" if batch.cancelled else "in_progress"
        made = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(batch.made)) + "Z"
        counts = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
        for kind, count in batch.outcomes.items():
            counts["canceled" if kind == CANCELLED else kind] = count
        counts["processing"] = 0 if batch.ended else len(batch.items)
        url = f"{self.server.root}{MESSAGE_BATCHES}/{batch.id}/results"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": counts,
            "created_at": made,
            "expires_at": made,
            "ended_at": made if batch.ended else None,
            "cancel_initiated_at": made if batch.cancelled else None,
            "results_url": url if batch.ended else None,
        }


def _anthropic_line(custom_id: str, outcome: tuple[str, Any]) -> dict[str, Any]:
    kind, found = outcome
    if kind == "succeeded":
        return {"custom_id": custom_id, "result": {"type": kind, "message": found}}
    if kind == "errored":
        status, body = found
        names = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}
        body["error"]["type"] = names.get(status, "api_error")
        return {"custom_id": custom_id, "result": {"type": kind, "error": body}}
    name = "canceled" if kind == CANCELLED else kind
    return {"custom_id": custom_id, "result": {"type": name}}


def _jsonl(lines: Iterable[Mapping[str, Any]]) -> bytes:
    # Written as some providers do, with every sign as itself: a line's end within a text is none.
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def _multipart(content_type: str, raw: bytes) -> dict[str, bytes]:
    """The fields of a form by name."""
    boundary = b"--" + content_type.partition("boundary=")[2].strip('"').encode()
    fields = {}
    for part in raw.split(boundary)[1:-1]:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        fields[name] = body.removesuffix(b"\r\n")
    return fields

"""One connection of the loopback server: HTTP/1.1 by hand, one request at a time."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tests.support.replies import Fault
from tests.support.wire import (
    CHAT,
    COUNT_TOKENS,
    MESSAGES,
    MODELS,
    RESPONSES,
    Answer,
    LoopbackRequest,
    Record,
    error_body,
    read_request,
    tokens_of,
    write_answer,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.loopback import LoopbackServer

_MAX_BODY = 64 * 2**20


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time, without a task per request."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.buffer = bytearray()
        self.busy = False
        self.record: Record | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections += 1
        self.server.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.open.discard(self)
        self.transport = None
        self._finish(delivered=False)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._next()

    def abort(self) -> None:
        """Break the connection with a reset instead of an orderly close."""
        if self.transport is None:
            return
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _next(self) -> None:
        if self.busy:
            return
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _MAX_BODY or "transfer-encoding" in headers:
            self._send(411, {"error": {"message": "send a Content-Length"}})
            return
        if len(self.buffer) < end + 4 + int(length):
            return
        body = bytes(self.buffer[end + 4 : end + 4 + int(length)])
        del self.buffer[: end + 4 + int(length)]
        method, target, *_ = [*first.split(" "), "", ""]
        self.busy = True
        try:
            self._handle(method, target, headers, body)
        except Exception as error:  # noqa: BLE001 - a test's hook failed: say so to both sides
            self.server.errors.append(error)
            self._send(500, {"error": {"message": f"loopback: {error!r}", "type": "loopback"}})

    def _handle(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> None:
        if self._desk(method, target, headers, raw):
            return
        target = target.partition("?")[0]
        path = "/v1/" + target.removeprefix("/v1/v1/").removeprefix("/v1/").strip("/")
        if method == "GET":
            self._get(path, headers)
            return
        if path not in (CHAT, RESPONSES, MESSAGES, COUNT_TOKENS):
            self._send(404, {"error": {"message": f"no such path: {target}", "type": "not_found"}})
            return
        body = json.loads(raw)
        if path == COUNT_TOKENS:
            request = read_request(0, path, headers, body)
            self._send(200, {"input_tokens": tokens_of(request)})
            return
        request = read_request(len(self.server.ledger) + 1, path, headers, body)
        self.record = Record(
            request.number, path, request.model, request.messages, body, time.monotonic()
        )
        self.server.ledger.append(self.record)
        self.server.in_flight += 1
        self.server.most_in_flight = max(self.server.most_in_flight, self.server.in_flight)
        fault = self.server.fault(request.number, request) if self.server.fault else None
        delay = self.server.latency + (fault.delay if fault else 0.0)
        if delay:
            asyncio.get_running_loop().call_later(delay, self._answer, request, fault or Fault())
        else:
            self._answer(request, fault or Fault())

    def _desk(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> bool:
        """Whether the desk for batches answered."""
        desk = self.server.desk
        found = desk.handle(method, target, headers, raw) if desk is not None else None
        if found is None:
            return False
        if found[0]:
            if desk is not None and desk.cuts and isinstance(found[1], bytes):
                self._spoil(found[1], desk.cuts.pop())
            else:
                self._send(*found)
        else:
            self.abort()
        return True

    def _get(self, path: str, headers: Mapping[str, str]) -> None:
        if path == "/v1/ledger":
            ledger = [record.to_json() for record in self.server.ledger]
            self._send(200, {"summary": self.server.summary(), "ledger": ledger})
        elif path == MODELS and not self.server.knows_key(headers):
            self._send(401, {"error": {"message": "Incorrect API key", "type": "auth"}})
        elif path == MODELS:
            models = [
                {
                    "id": name,
                    "object": "model",
                    "type": "model",
                    "display_name": name,
                    "created": 0,
                    "created_at": "2026-01-01T00:00:00Z",
                    "owned_by": "loopback",
                }
                for name in self.server.models
            ]
            self._send(200, {"object": "list", "data": models, "has_more": False})
        else:
            self._send(404, {"error": {"message": f"no such path: {path}", "type": "not_found"}})

    def _answer(self, request: LoopbackRequest, fault: Fault) -> None:
        if self.transport is None or fault.hang:
            return
        if fault.reset:
            self.abort()
            return
        try:
            self._answer_or_refuse(request, fault)
        except Exception as error:  # noqa: BLE001 - a test's reply failed: say so to both sides
            self.server.errors.append(error)
            self._fail(request, 500, f"loopback: {error!r}", kind="loopback")

    def _answer_or_refuse(self, request: LoopbackRequest, fault: Fault) -> None:
        headers = request.headers
        if not self.server.knows_key(headers):
            bearer = headers.get("authorization", "").removeprefix("Bearer ")
            message = f"Incorrect API key provided: {bearer or headers.get('x-api-key', '')}"
            self._fail(request, 401, message, kind="authentication_error", code="invalid_api_key")
        elif fault.malformed:
            self._send(200, "<html><body>Welcome to the gateway</body></html>", fault.headers)
        elif fault.status is not None:
            if fault.body is not None:
                self._send(fault.status, fault.body, fault.headers)
            else:
                self._fail(
                    request,
                    fault.status,
                    fault.message,
                    code=fault.code,
                    param=fault.param,
                    kind=fault.code or "injected",
                    headers=fault.headers,
                )
        elif refused := self.server.refused_by(request, fault):
            message = f"Unsupported parameter: '{refused}' is not supported with this model."
            if request.path == MESSAGES:
                message = f"`{refused}` is deprecated for this model."
            self._fail(
                request,
                400,
                message,
                kind="invalid_request_error",
                code="unsupported_parameter",
                param=refused,
            )
        else:
            self._succeed(request, fault)

    def _succeed(self, request: LoopbackRequest, fault: Fault) -> None:
        n = 1 if fault.ignore_n else min(request.n, self.server.max_n)
        found = self.server.reply(replace(request, n=n))
        if not isinstance(found, Answer):
            found = Answer((found,) if isinstance(found, str) else tuple(found))
        counts = self.server.count_answer(request, found)
        body = write_answer(request, found, counts)
        record = self.record
        if record is not None and not fault.spoils:
            record.input_tokens, record.output_tokens = counts.input, counts.output
            record.cached, record.cache_write = counts.cached, counts.cache_write
            record.reasoning, record.completions = counts.reasoning, len(found.texts)
        if fault.answer_lost:
            self.abort()
        elif fault.spoils:
            self._spoil(json.dumps(body).encode(), fault)
        else:
            self._send(200, body, fault.headers)

    def _spoil(self, data: bytes, fault: Fault) -> None:
        """Send half of an answer, as whole, as part, or as a stream that breaks off."""
        assert self.transport is not None
        half = data[: len(data) // 2]
        length = f"content-length: {len(half if fault.halve else data)}\r\n"
        if fault.cut:
            length = "transfer-encoding: chunked\r\n"
            half = b"%x\r\n%b\r\n" % (len(half), half)
        self._finish(delivered=False)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{length}\r\n"
        self.transport.write(head.encode("latin-1") + half)
        if fault.halve:
            self.busy = False
        else:
            self.transport.close()

    def _fail(
        self,
        request: LoopbackRequest,
        status: int,
        message: str,
        *,
        kind: str,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        body = error_body(request.path, message, kind=kind, code=code, param=param)
        self._send(status, body, headers or {})

    def _send(
        self,
        status: int,
        body: str | bytes | Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if self.transport is None:
            return
        if isinstance(body, str):
            data = body.encode()
        else:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [
            f"HTTP/1.1 {status} {_phrase(status)}",
            "content-type: application/json",
            f"content-length: {len(data)}",
            f"request-id: req_{self.record.number if self.record else 0}",
        ]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        # The record is closed first: a client that has its answer may look at the ledger at once.
        if self.record is not None:
            self.record.status = status
        self._finish(delivered=not self.transport.is_closing())
        self.transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        self.transport.write(data)
        self.busy = False
        if self.buffer:
            asyncio.get_running_loop().call_soon(self._next)

    def _finish(self, *, delivered: bool) -> None:
        record, self.record = self.record, None
        if record is not None:
            record.ended = time.monotonic()
            record.delivered = delivered
            self.server.in_flight -= 1


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"

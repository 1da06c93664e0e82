"""What the adapters for all wire formats have in common: one attempt, its faults made ours."""

from __future__ import annotations

import asyncio
import json
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import ModelError
from opro_tui.core.protocols import Account, Completion, Finish, Response
from opro_tui.core.usage import TokenUsage
from opro_tui.models import errors, keys
from opro_tui.models.broken import connection_error
from opro_tui.models.clients import NO_KEY, lease
from opro_tui.models.gate import gate_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from opro_tui.core.protocols import Batches, Request, Traits
    from opro_tui.models.clients import Address, Lease

DEFAULT_TIMEOUT = 600.0
LEAST_KEY = 16
"""Characters from which on a key is no word that an answer may hold by chance."""
Json = dict[str, Any]
_UNUSABLE = (ValueError, TypeError, OSError, RuntimeError)


class Adapter(ABC):
    """A model behind an endpoint, through an SDK that is imported at the first call.

    Args:
        name: `provider/model`, as the user gave it.
        model: What the endpoint calls it.
        address: The endpoint, its key and headers.
        endpoint: The base URL to show and to keep.
        key_env: The environment variable that the key came from, for error texts.
        known_traits: What the config file states; what is learned overrides it.
        account: The endpoint's limits that the config file states; None leaves them open.
        timeout: Seconds in total that one attempt may take.
    """

    simulated = False
    offers_n = False
    offers_cache = False
    cache_from: int = 0
    max_output_default: int = 4096

    def __init__(
        self,
        name: str,
        model: str,
        *,
        address: Address,
        endpoint: str,
        key_env: str | None = None,
        known_traits: Mapping[str, bool] | None = None,
        account: Account | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        self.name = name
        self.model = model
        self.endpoint = endpoint
        self.timeout = timeout
        self._address = address
        self.known_traits: Traits = dict(known_traits or {})
        self.account: Account | None = account or Account(address)
        self.concurrency = self.account.concurrency
        self._lease: Lease | None = None
        values = [value for _, value in address.headers if len(value) >= 8]
        if address.own:
            values += keys.from_environment(address.sdk)
        secrets = tuple(value for value in (address.key, *values) if value != NO_KEY)
        self.context = errors.Context(name, endpoint, key_env, secrets)

    @abstractmethod
    def parameters(self, request: Request, traits: Traits) -> Json:
        """Everything that will be sent except the messages, JSON-ready."""

    @abstractmethod
    def _messages(self, request: Request, traits: Traits) -> Json:
        """The arguments that carry the messages."""

    @abstractmethod
    async def _send(self, client: Any, arguments: Json) -> Any:  # noqa: ANN401 - an SDK's types
        """Send through the SDK and return the HTTP response."""

    @abstractmethod
    def _read(self, body: Json) -> Response:
        """Read a 200 body.

        Raises:
            Failed: It says that the answer could not be finished.
            Malformed: It lacks what an answer must have.
        """

    @abstractmethod
    def batches(self) -> Batches:
        """How it takes many requests at once."""

    async def prepare(self) -> None:
        """Import the SDK and make the client, off the event loop, ahead of the first call.

        Raises:
            ModelError: The SDK is not installed.
        """
        await self.client()

    async def aclose(self) -> None:
        """Let go of connections."""
        held, self._lease = self._lease, None
        if held is not None:
            await held.release()

    async def complete(self, request: Request, traits: Traits) -> Response:
        """Make one attempt, with no retry of its own.

        Raises:
            ParameterRefused: Send it again without that parameter.
            ContextOverflow: The request is too long for the model.
            ModelError: Any other failure, with its kind and whether to retry.
        """
        client = await self.client()
        arguments, sent = self.arguments(request, traits)
        sdk = sys.modules[self._address.sdk]
        try:
            async with asyncio.timeout(self.timeout):
                raw = await self._send(client, arguments)
        except sdk.APIStatusError as error:
            self._told(error.response.headers)
            return self.refused(error.status_code, error.body, error.response.headers, sent)
        except Exception as error:
            ours = self.explained(error)
            if ours is error:
                raise
            raise ours from None
        self._told(raw.headers)
        return self._answer(raw, sent)

    def arguments(self, request: Request, traits: Traits) -> tuple[Json, set[str]]:
        """A request as the endpoint takes it, and the parameters that it may complain about."""
        parameters = self.parameters(request, traits)
        messages = self._messages(request, traits)
        sent = {*parameters, *(name for name in ("system", "instructions") if name in messages)}
        if any(message.role == "system" for message in request.messages):
            sent.add("system")
        return {**parameters, **messages}, sent

    def explained(self, error: Exception, sent: Collection[str] = ()) -> Exception:
        """A fault of the SDK's as one of ours; any other as it is.

        Args:
            error: What was raised.
            sent: Names of the parameters that were sent.
        """
        sdk = sys.modules[self._address.sdk]
        if isinstance(error, TimeoutError):
            return errors.timeout_error(self.context, self.timeout)
        if isinstance(error, sdk.APIConnectionError):
            # Also APITimeoutError: only connecting has a time-out of its own.
            return connection_error(self.context, error.__cause__)
        if isinstance(error, sdk.APIStatusError):
            return errors.from_status(
                error.status_code, error.body, error.response.headers, self.context, sent
            )
        if isinstance(error, ModelError) or not _is_of_sdk(error):
            return error
        return connection_error(self.context, error)

    def _told(self, headers: Mapping[str, str]) -> None:
        gate = gate_of(self.account)
        if gate is not None:
            gate.told(self.name, headers)

    async def client(self) -> Any:  # noqa: ANN401 - an SDK's type
        """The SDK's client, made on first use.

        Raises:
            ModelError: It can't be made.
        """
        if self._lease is None or self._lease.loop is not asyncio.get_running_loop():
            self._lease = lease(self._address)
        try:
            return await self._lease.client()
        except ImportError as error:
            self._lease = None
            raise ModelError(
                f"the package {error.name or self._address.sdk} can't be imported",
                where=self.name,
                todo="Install opro-tui again.",
                kind="missing_package",
                fatal=True,
            ) from None
        except Exception as error:
            # A proxy's or a header's environment variable that the SDK can't use, mostly.
            if not isinstance(error, _UNUSABLE) and not _is_of_sdk(error):
                raise
            self._lease = None
            reason = errors.clean(str(error), self.context.secrets)
            raise ModelError(
                f"the connection can't be set up: {reason}",
                where=self.context.where,
                todo="Check the proxy settings of the environment.",
                kind="connection",
                fatal=True,
            ) from None

    def _answer(self, response: Any, sent: set[str]) -> Response:  # noqa: ANN401
        # The SDKs build their types without checking them, so the body is read here instead.
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError):
            kind = response.headers.get("content-type", "")
            raise errors.unread(self.context, response.text, kind) from None
        if not isinstance(body, dict):
            raise errors.unusable(self.context, f"no object but {type(body).__name__}")
        ids = (response.headers.get("x-request-id"), response.headers.get("request-id"))
        return self.answer(body, response.headers, sent, ids)

    def answer(
        self, body: Json, headers: Mapping[str, str], sent: set[str], ids: Iterable[object] = ()
    ) -> Response:
        """Read the body of a success, which may hold an error all the same.

        Args:
            body: The object.
            headers: Those that it came with.
            sent: Names of the parameters that were sent.
            ids: What the provider may call the request, the first that is a text counts.

        Raises:
            ModelError: It is none, or can't be read.
        """
        if failure := body.get("error"):
            return self.refused(_status_of(failure), body, headers, sent)
        try:
            answer = self._read(body)
        except Failed as error:
            used = bool(body.get("usage"))
            raise errors.malformed(self.context, str(error), lost=used) from None
        except Malformed as error:
            raise errors.unusable(self.context, str(error)) from None
        request_id = next((each for each in (*ids, body.get("id")) if isinstance(each, str)), "")
        completions = tuple(
            Completion(self._without_key(each.text), each.finish) for each in answer.completions
        )
        model, request_id = encodable(answer.model), encodable(request_id)
        return Response(
            completions, answer.usage, self._without_key(model), self._without_key(request_id)
        )

    def _without_key(self, text: str) -> str:
        """A text that is to be stored, where an endpoint sent back what it may not: key, header."""
        for secret in self.context.secrets:
            if len(secret) >= LEAST_KEY:
                text = text.replace(secret, "[key]")
        return text

    def refused(
        self, status: int, body: object, headers: Mapping[str, str], sent: set[str]
    ) -> Response:
        """An empty, unbilled completion where a content filter refused; else the typed error."""
        error = errors.from_status(status, body, headers, self.context, sent)
        if error.kind in ("rejected", "auth") and errors.is_filtered(
            status, errors.read_body(body)
        ):
            usage = TokenUsage(input_tokens=0, output_tokens=0)
            return Response((Completion("", Finish.FILTER),), usage)
        raise error

    def _trait(self, traits: Traits, name: str) -> bool | int | None:
        """What is known of a trait: learned, or stated by the config; None when nothing is."""
        return traits.get(name, self.known_traits.get(name))


class Malformed(Exception):
    """A 200 body lacks what an answer must have."""


class Failed(Malformed):
    """A 200 body says that the answer could not be finished; another may be."""


def _status_of(failure: object) -> int:
    """The HTTP status meant by the error in a 200 body; gateways and Responses send such."""
    code = failure.get("code") if isinstance(failure, dict) else None
    if type(code) is int and 400 <= code < 600:
        return code
    return {"rate_limit_exceeded": 429, "invalid_prompt": 400}.get(str(code), 502)


def _is_of_sdk(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in (
        "openai",
        "anthropic",
        "httpx2",
        "httpcore2",
        "aiohttp",
    )


def encodable(text: str) -> str:
    """A text that UTF-8 can carry: lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def text_of(value: object) -> str:
    """A string as it stands, the texts of content parts joined, "" for None.

    Raises:
        Malformed: It is something else.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in value)
        return "".join(part for part in parts if isinstance(part, str))
    raise Malformed(f"a text is no string but {type(value).__name__}")


def list_of(value: object, what: str) -> list[Json]:
    """A list of objects.

    Raises:
        Malformed: It is something else.
    """
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Malformed(f"it has no {what}")
    return value


_MOST_TOKENS = 10**9
"""More than any call takes; a database has no room for what some endpoints could say."""


def tokens_in(usage: object, *path: str) -> int | None:
    """A token count at a path of a usage object; None when it is missing or none can be so."""
    for key in path:
        usage = usage.get(key) if isinstance(usage, dict) else None
    return usage if type(usage) is int and 0 <= usage <= _MOST_TOKENS else None

"""What endpoints say when they refuse, as our typed errors: one line, and never a key."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING

from opro_tui.core.errors import ContextOverflow, ModelError, ParameterRefused
from opro_tui.models import keys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_MAX_TEXT = 300
_LEAST = 4
_SECRET = re.compile(
    r"(?i)\b(?:sk|pk|rk|gsk|xai|hf|aiza|key|ghp|glpat|r8|nvapi|pplx|fw)[-_][\w*.…-]{6,}"
    r"|\bAIza[\w-]{10,}"
    r"|\b(?:Bearer|Basic)\s+[^\s\"',}]+"
    r"|(?<=://)[^\s/@:\"']*:[^\s/@\"']+(?=@)"
    r"|\b(?:x-api-key|api[-_ ]?key|authorization)\s*[:=]\s*[^\s\"',}]+"
)
_CONTEXT = re.compile(
    r"(?i)context[ _]length|context[ _]window|maximum context|prompt is too long|context size"
    r"|input is too long|too many (?:input )?tokens|exceeds? the (?:model'?s )?(?:maximum )?context"
    r"|input length and .?max_tokens.? exceed|reduce the length of the (?:messages|prompt|input)"
)
_CONTEXT_CODES = frozenset(
    ("context_length_exceeded", "exceed_context_size_error", "request_too_large")
)
_LIMIT_TOO_LARGE = re.compile(r"(?i)max_\w*tokens\S* (?:or \S+ )?is too large")
_SOON = re.compile(r"(?i)retry in|try again in|per (?:minute|second|day)")
_FILTER = re.compile(r"(?i)content[ _](?:filter|policy|management)|flagged|safety system")
_FILTER_CODES = frozenset(("content_filter", "content_policy_violation", "invalid_prompt"))
_QUOTA = re.compile(
    r"(?i)insufficient[_ ]quota|exceeded your current quota|credit balance|spend[_ ]limit"
    r"|billing[_ ](?:error|hard)|insufficient (?:credits|balance|funds)|payment required"
)
_BAD_KEY = re.compile(
    r"(?i)(?:invalid|incorrect|not valid|wrong)[^.]{0,20}api[ _-]?key|api key not valid"
)
_NO_MODEL = re.compile(
    r"(?i)model[_ ]not[_ ]found|invalid[_ ]model|model .{0,80}(?:does not|doesn't) exist"
)
_UNSUPPORTED = re.compile(
    r"(?i)unsupported|not support|n['’]t support|deprecated|not permitted|unrecognized|unknown"
    r"|unexpected|only the default|not allowed|not available|may only be set|must be (?:1|one)\b"
    r"|only one|extra[_ ]forbidden|not implemented|only 1 is"
)
_REFUSAL_CODES = frozenset(("unsupported_value", "unsupported_parameter", "unknown_parameter"))
_TRAIT_OF = {
    "temperature": "temperature",
    "n": "n",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_completion_tokens": "max_completion_tokens",
    "reasoning_effort": "reasoning_effort",
    "reasoning": "reasoning_effort",
    "effort": "reasoning_effort",
    "output_config": "reasoning_effort",
    "system": "system",
    "instructions": "system",
}
_N_TEXTS = re.compile(
    r"(?i)multiple completions|completion choice|'n'|\"n\"|`n`|\bn\s*(?:>|:|=|must|is )"
)
_SYSTEM_TEXTS = re.compile(
    r"(?i)'system'|\"system\"|`system`|system (?:role|message|prompt)|developer instruction"
)


@dataclass(frozen=True, slots=True)
class Context:
    """What an error should say about the call, and what it must not.

    Attributes:
        name: `provider/model`.
        endpoint: The base URL.
        key_env: The environment variable that the key came from, if any.
        secrets: Texts that must not appear.
    """

    name: str
    endpoint: str
    key_env: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def where(self) -> str:
        """The model and its endpoint."""
        return f"{self.name} at {self.endpoint}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error body says, in whichever shape it was written."""

    message: str
    code: str = ""
    param: str = ""


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """One printable line of bounded length without any key."""
    text = _SECRET.sub("[key]", without(text, secrets)[: _MAX_TEXT * 20])
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _MAX_TEXT else f"{line[: _MAX_TEXT - 1]}…"


def without(text: str, secrets: Iterable[str] = ()) -> str:
    """A text with [key] for secrets; to be asked for before it is cut, lest half of one stay."""
    found = {*secrets, *keys.in_use(), *keys.of_proxies()}
    for secret in sorted(found, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = text.replace(secret, "[key]")
    return text


def read_body(body: object) -> Refusal:
    """Find message, code and parameter in an error body of any common shape."""
    if isinstance(body, list) and body and isinstance(body[0], dict):
        body = body[0]
    if not isinstance(body, dict):
        text = body if isinstance(body, str) else ""
        return Refusal("an HTML page" if text.lstrip()[:1] == "<" else text)
    inner = body.get("error")
    if isinstance(inner, dict):
        body = inner
    elif isinstance(inner, str):
        return Refusal(inner, str(body.get("code") or ""))
    message = body.get("message")
    detail = message.get("detail") if isinstance(message, dict) else body.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        place = detail[0].get("loc")
        param = str(place[-1]) if isinstance(place, list) and place else ""
        return Refusal(
            f"{param}: {detail[0].get('msg', '')}", str(detail[0].get("type", "")), param
        )
    if not isinstance(message, str):
        message = detail if isinstance(detail, str) else ""
    details = body.get("details")
    codes = [body.get("code"), body.get("type")]
    if isinstance(details, dict):
        codes.insert(0, details.get("error_code"))
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and "flagged_input" in metadata:
        codes.insert(0, "content_filter")
    code = next((each for each in codes if isinstance(each, str) and each), "")
    return Refusal(message, code, str(body.get("param") or ""))


def refused_parameter(status: int, said: Refusal, sent: Collection[str]) -> str | None:
    """The trait that a 400 or 422 complains about, if it was sent and can be left out.

    Args:
        status: The HTTP status.
        said: What the body says.
        sent: Names of the parameters that were sent, `system` for a system message.
    """
    if status not in (400, 422):
        return None
    sent_traits = {_TRAIT_OF[name]: name for name in sent if name in _TRAIT_OF}
    unsupported = said.code in _REFUSAL_CODES or bool(_UNSUPPORTED.search(said.message))
    root, _, leaf = said.param.rpartition(".")
    trait = _TRAIT_OF.get(leaf) or _TRAIT_OF.get(root)
    if trait in sent_traits and (unsupported or trait == "n"):
        return trait
    if not unsupported:
        return None
    return _named_in(said.message, sent_traits)


def _named_in(message: str, sent_traits: Mapping[str, str]) -> str | None:
    places: dict[str, int] = {}
    for trait, name in sent_traits.items():
        if trait == "n":
            match = _N_TEXTS.search(message)
        elif trait == "system":
            match = _SYSTEM_TEXTS.search(message)
        else:
            match = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message)
            match = match or re.search(rf"(?<!\w){re.escape(trait)}(?!\w)", message)
        if match:
            places[trait] = match.start()
    return min(places, key=lambda trait: places[trait]) if places else None


def is_filtered(status: int, said: Refusal) -> bool:
    """Whether a refusal is a content filter's: an answer, though an empty one."""
    if status not in (400, 403, 422):
        return False
    return said.code in _FILTER_CODES or bool(_FILTER.search(said.message))


def from_status(
    status: int, body: object, headers: Mapping[str, str], context: Context, sent: Collection[str]
) -> ModelError:
    """The typed error for a response that is no success.

    Args:
        status: The HTTP status.
        body: The decoded body, or its text.
        headers: The response's headers.
        context: Of the call.
        sent: Names of the parameters that were sent.
    """
    error = _typed(status, read_body(body), headers, context, sent)
    error.request_id = clean(request_id(headers), context.secrets)
    return error


def request_id(headers: Mapping[str, str]) -> str:
    """What an endpoint calls a request; empty where it says nothing."""
    return headers.get("x-request-id") or headers.get("request-id") or ""


def _typed(
    status: int, said: Refusal, headers: Mapping[str, str], context: Context, sent: Collection[str]
) -> ModelError:
    text = clean(said.message, context.secrets) or "no reason given"
    if parameter := refused_parameter(status, said, sent):
        what = f"the endpoint does not take {parameter}: {text}"
        return ParameterRefused(what, parameter=parameter, where=context.where, status=status)
    overflow = said.code in _CONTEXT_CODES or (
        _CONTEXT.search(said.message) and not _LIMIT_TOO_LARGE.search(said.message)
    )
    if status == 413 or (status in (400, 422, 500) and overflow):
        what = f"the request is longer than the model reads: {text}"
        return ContextOverflow(what, where=context.where, status=status)
    kind, retryable, fatal = _classify(status, said)
    denied = kind == "auth" and status == HTTPStatus.FORBIDDEN
    what = "the endpoint denies access" if denied else _WHAT[kind]
    return ModelError(
        f"{what} (HTTP {status}): {text}",
        where=context.where,
        todo=_todo("denied" if denied else kind, context),
        kind=kind,
        retryable=retryable,
        fatal=fatal,
        retry_after=retry_after(headers) if retryable else None,
        status=status,
        lost=status == HTTPStatus.GATEWAY_TIMEOUT,
    )


_WHAT = {
    "auth": "the endpoint rejects the key",
    "quota": "the account has no credit left",
    "not_found": "the endpoint does not know this model or address",
    "rate_limit": "too many requests",
    "overloaded": "the endpoint is overloaded",
    "server": "the endpoint failed",
    "timeout": "the endpoint gave up waiting",
    "rejected": "the endpoint rejects the request",
}


def _classify(status: int, said: Refusal) -> tuple[str, bool, bool]:
    """Kind, retryable and fatal of a status that is neither a parameter's nor the context's."""
    text = f"{said.code} {said.message}"
    spent = _QUOTA.search(text) and not (status == 429 and _SOON.search(said.message))
    if status == 402 or (status in (400, 403, 429) and spent):
        return "quota", False, True
    if status in (401, 403, 407) or (status == 400 and _BAD_KEY.search(text)):
        return "auth", False, True
    if status in (404, 410) or (status == 400 and _NO_MODEL.search(text)):
        return "not_found", False, True
    if status == 429:
        return "rate_limit", True, False
    if status in (503, 529):
        return "overloaded", True, False
    if status in (408, 504):
        return "timeout", True, False
    if status in (409, 425) or (status >= 500 and status not in (501, 505)):
        return "server", True, False
    return "rejected", False, False


def _todo(kind: str, context: Context) -> str:
    if kind == "auth":
        name = context.key_env
        return f"Check the key in {name}." if name else "Name the key's variable in the config."
    return {
        "denied": "Check what the key, the account and the place you ask from may use.",
        "quota": "Add credit to the account, or choose another model.",
        "not_found": "Check the model's name and the endpoint's URL.",
        "rejected": "Change the request's settings.",
    }.get(kind, "Run again later.")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks us to wait: `retry-after-ms`, seconds, or an HTTP date."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) / unit
        except ValueError:
            continue
        if 0 <= seconds < inf:
            return seconds
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(date.timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def timeout_error(context: Context, seconds: float) -> ModelError:
    """No answer came in time."""
    what = f"no answer within {seconds:g} s"
    todo = "Run again later, or with fewer requests at a time."
    return ModelError(
        what, where=context.where, todo=todo, kind="timeout", retryable=True, lost=True
    )


def malformed(
    context: Context, reason: str, status: int = 200, *, lost: bool = False
) -> ModelError:
    """A success whose body is spoilt: asked again; `lost` where it may have been an answer."""
    what = f"the answer can't be read: {clean(reason, context.secrets)}"
    return _no_answer(context, what, "Run again later.", "malformed", status, lost=lost)


def unusable(context: Context, reason: str, status: int = 200) -> ModelError:
    """A success that is whole and yet no answer: as good as never heals, and may be billed."""
    what = f"the answer holds nothing that can be used: {clean(reason, context.secrets)}"
    todo = "Check which API the endpoint speaks; such answers may be billed all the same."
    return _no_answer(context, what, todo, "unusable", status, lost=True)


def _no_answer(
    context: Context, what: str, todo: str, kind: str, status: int, *, lost: bool
) -> ModelError:
    return ModelError(
        what, where=context.where, todo=todo, kind=kind, retryable=True, status=status, lost=lost
    )


def web_page(context: Context, status: int = 200) -> ModelError:
    """A page for people came, with success, in place of an answer: no other call does better."""
    return ModelError(
        "the endpoint answers with a web page, not an API's answer",
        where=context.where,
        todo="Check the address; is there a login or a proxy in between?",
        kind="web_page",
        fatal=True,
        status=status,
    )


def unread(context: Context, text: str, content_type: str = "") -> ModelError:
    """What a success is whose body is no JSON: a web page, an answer cut off, or something else."""
    begun = text.lstrip("\ufeff \t\r\n")[:1]
    if begun == "<" or (begun not in ("", "{", "[") and "html" in content_type.lower()):
        return web_page(context)
    said = read_body(without(text, context.secrets)[:200]).message
    if begun in ("{", "["):
        return malformed(context, f"no JSON but {said}", lost=True)
    return unusable(context, f"no JSON but {said or 'an empty body'}")


def missing_key(context: Context) -> ModelError:
    """No key is set for an endpoint that needs one."""
    place = context.key_env or ""
    what = f"no API key: the environment variable {place} is not set"
    todo = f"Set it: export {place}=…"
    if not place.isidentifier():
        what, todo = f"no API key: {place} holds none", "Put it there."
    return ModelError(what, where=context.where, todo=todo, kind="auth", fatal=True)


def unusable_key(context: Context) -> ModelError:
    """The key that is set can't be sent in a header."""
    what = f"the key in {context.key_env} holds characters that no key has"
    todo = f"Set {context.key_env} again."
    return ModelError(what, where=context.where, todo=todo, kind="auth", fatal=True)

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opro_tui.core.errors import ContextOverflow, ModelError, ParameterRefused
from opro_tui.models.errors import (
    Context,
    clean,
    from_status,
    is_filtered,
    read_body,
    refused_parameter,
    retry_after,
)

CONTEXT = Context("openai/m", "https://api.example.com/v1", "MY_KEY", ("s3cretkey",))
SENT = ("model", "temperature", "n", "max_tokens", "reasoning_effort")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "detail", "code", "param", "type", "loc", "msg", "details"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (
            {
                "error": {
                    "message": "'temperature' does not support 0.2 with this model.",
                    "param": "temperature",
                    "code": "unsupported_value",
                }
            },
            "temperature",
        ),
        (
            {
                "error": {
                    "message": "Unsupported parameter: 'max_tokens' is not supported here."
                    " Use 'max_completion_tokens' instead.",
                    "param": "max_tokens",
                    "code": "unsupported_parameter",
                }
            },
            "max_tokens",
        ),
        ({"error": {"message": "Unknown parameter: 'reasoning_effort'."}}, "reasoning_effort"),
        ({"error": {"message": "Unknown", "param": "reasoning.effort"}}, "reasoning_effort"),
        ({"error": {"message": "`temperature` is deprecated for this model."}}, "temperature"),
        ({"error": {"message": "temperature: Extra inputs are not permitted"}}, "temperature"),
        ({"detail": [{"loc": ["body", "n"], "msg": "Extra inputs are not permitted"}]}, "n"),
        (
            {
                "message": {
                    "detail": [{"loc": ["body", "n"], "msg": "no", "type": "extra_forbidden"}]
                }
            },
            "n",
        ),
        ({"error": {"message": "Only one completion choice is allowed"}}, "n"),
        ({"error": {"message": "too many", "param": "n", "code": "integer_above_max_value"}}, "n"),
        (
            {"error": {"message": "temperature must be between 0 and 2", "param": "temperature"}},
            None,
        ),
        ({"error": {"message": "max_tokens is too large: 99999", "param": "max_tokens"}}, None),
        ({"error": {"message": "top_k is not supported", "param": "top_k"}}, None),
        ({"error": {"message": "the model does not support images"}}, None),
        ("plain text", None),
    ],
)
def test_refused_parameters(body: object, parameter: str | None) -> None:
    assert refused_parameter(400, read_body(body), SENT) == parameter
    error = from_status(422, body, {}, CONTEXT, SENT)
    assert getattr(error, "parameter", None) == parameter


def test_a_parameter_that_was_not_sent_is_not_refused() -> None:
    said = read_body(
        {"error": {"message": "'temperature' is not supported", "param": "temperature"}}
    )
    assert refused_parameter(400, said, ("model", "n")) is None
    assert refused_parameter(500, said, SENT) is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "Your credit balance is too low"}}, "quota"),
        (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}, "auth"),
        (400, {"error": {"message": "The model `x` does not exist", "code": ""}}, "not_found"),
        (429, {"error": {"details": {"error_code": "enforced_spend_limit_reached"}}}, "quota"),
        (
            400,
            {
                "error": {
                    "message": "'max_tokens' or 'max_completion_tokens' is too large: 9000. This"
                    " model's maximum context length is 8192 tokens"
                }
            },
            "rejected",
        ),
        (501, {}, "rejected"),
        (418, "<html>", "rejected"),
    ],
)
def test_statuses_that_need_their_body(status: int, body: object, kind: str) -> None:
    error = from_status(status, body, {}, CONTEXT, SENT)
    assert error.kind == kind
    assert not error.retryable


@pytest.mark.parametrize(
    "message",
    [
        "Rate limit reached. Add a payment method at https://example.com/account/billing.",
        "You exceeded your current quota, check your plan and billing details. Please retry in 9s.",
    ],
)
def test_a_rate_limit_that_speaks_of_money_is_one(message: str) -> None:
    error = from_status(429, [{"error": {"message": message}}], {}, CONTEXT, SENT)
    assert (error.kind, error.retryable) == ("rate_limit", True)


def test_too_large_a_request_is_an_overflow() -> None:
    assert isinstance(from_status(413, "", {}, CONTEXT, SENT), ContextOverflow)


def test_a_flagged_input_is_filtered() -> None:
    body = {"error": {"code": 403, "message": "moderation", "metadata": {"flagged_input": "…"}}}
    assert is_filtered(403, read_body(body))
    assert not is_filtered(401, read_body(body))


def test_the_sentence_says_what_where_and_what_to_do() -> None:
    error = from_status(
        401, {"error": {"message": "bad key s3cretkey\nline two"}}, {}, CONTEXT, SENT
    )
    assert str(error) == (
        "openai/m at https://api.example.com/v1: the endpoint rejects the key (HTTP 401): bad key"
        " [key] line two. Check the key in MY_KEY."
    )
    denied = from_status(403, {"error": {"message": "not from here"}}, {}, CONTEXT, SENT)
    assert "denies access (HTTP 403): not from here. Check what the key" in str(denied)
    assert denied.fatal


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abc123def456",
        "sk-ab********wxyz",
        "gsk_0123456789abc",
        "Bearer eyJhbGciOi.x.y",
        "AIzaSyA0123456789",
        "x-api-key: hunter22",
    ],
)
def test_what_looks_like_a_key_is_left_out(secret: str) -> None:
    said = clean(f"Incorrect API key provided: {secret}. See the docs")
    assert secret.rsplit(maxsplit=1)[-1] not in said
    assert said.endswith("See the docs")


@given(st.integers(0, 6100), st.integers(0, 400), st.sampled_from("x \n"))
@example(5990, 0, "x")
@example(5990, 0, " ")
@example(290, 20, "x")
def test_no_limit_cuts_a_key_in_half_before_it_is_masked(
    before: int, after: int, filling: str
) -> None:
    said = clean(filling * before + "s3cretkey-of-mine" + filling * after, ("s3cretkey-of-mine",))
    assert "s3cre" not in said


@given(st.text(max_size=2000))
def test_cleaned_text_is_one_printable_line(text: str) -> None:
    said = clean(text, ("secret",))
    assert said.isprintable()
    assert len(said) <= 300
    assert "secret" not in said


@given(st.sampled_from([400, 401, 403, 404, 413, 422, 429, 500, 529, 599]), JSON)
def test_any_body_becomes_a_typed_error(status: int, body: object) -> None:
    error = from_status(status, body, {}, CONTEXT, SENT)
    assert isinstance(error, ModelError)
    assert "\n" not in str(error)
    if isinstance(error, ParameterRefused):
        assert error.parameter in SENT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "99", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "1000000000"}, 1e9),
        ({"retry-after": "soon"}, None),
        ({"retry-after": formatdate(0, usegmt=True)}, 0.0),
        ({"retry-after": "Fri, 99 Foo 2026 99:99:99 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date() -> None:
    seconds = retry_after({"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert seconds is not None
    assert 27 < seconds <= 30

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.models import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).parents[2].parent / "shared" / "tiktoken"
TEXTS = {
    "English": "Let's work through the problem one step at a time, and check each result. " * 20,
    "German": "Für die Überprüfung der Geschwindigkeitsbegrenzung brauchen wir drei Messungen. "
    * 20,
    "Chinese": "一步一步地思考这个问题，然后写出最后的答案。" * 20,
    "code": "def f(x: int) -> str:\n    return f'{x:>{10}}' if x else ''\n" * 20,
    "numbers": "Q: 12345 + 678.90 = 13023.90? " * 20,
}


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if not FILES.is_dir():
        pytest.skip("the tokenizer files are not here")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(FILES))
    return FILES


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tokens, "_encodings", {})
    monkeypatch.setattr(tokens, "_missing", set())
    return tmp_path


def test_exact_for_openais_names(files: Path) -> None:
    assert tokens.count("hello world", "openai/gpt-4o") == (2, True)
    assert tokens.count("hello world", "openai-responses/gpt-4.1-mini") == (2, True)
    assert tokens.count("hello world", "openrouter/openai/gpt-4o") == (2, True)
    assert tokens.count("你好世界", "openai/gpt-4") == (5, True)
    assert tokens.load("openai/gpt-4o")


@pytest.mark.parametrize(
    "name", ["anthropic/claude", "ollama/gpt-4o", "openai/future", "simulated"]
)
def test_other_names_are_counted_with_the_newest_tokenizer(files: Path, name: str) -> None:
    assert tokens.count("hello world", name) == (2, False)


def test_special_tokens_and_surrogates_are_text(files: Path) -> None:
    assert tokens.count("<|endoftext|>", "openai/gpt-4o")[0] > 1
    assert tokens.count("\ud800 \x00", "openai/gpt-4o")[0] > 0


def test_nothing_freezes(files: Path) -> None:
    tokens.load("openai/gpt-4o")
    started = time.perf_counter()
    tokens.count("An ordinary sentence of words. " * 650, "openai/gpt-4o")
    assert time.perf_counter() - started < 0.05
    for text in ("a" * 300_000, " " * 300_000, "ab" * 150_000, "🎉" * 50_000, "\n" * 300_000):
        started = time.perf_counter()
        total, exact = tokens.count(text, "openai/gpt-4o")
        assert time.perf_counter() - started < 1
        assert total > 0
        assert not exact


@pytest.mark.parametrize("language", TEXTS)
def test_the_estimate_is_near(files: Path, language: str) -> None:
    exact, _ = tokens.count(TEXTS[language], "openai/gpt-4o")
    assert -0.15 <= tokens.estimate(TEXTS[language]) / exact - 1 <= 0.4


@given(st.text(max_size=500))
def test_the_estimate_takes_any_text(text: str) -> None:
    assert tokens.estimate(text) >= (1 if text.strip() and text.isascii() else 0)
    assert tokens.estimate(text) <= 3 * len(text)


def test_without_files_it_is_an_estimate_and_nothing_is_fetched(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    monkeypatch.setattr(requests, "get", lambda *_, **__: pytest.fail("it went to the network"))
    assert tokens.count("hello world", "openai/gpt-4o") == (tokens.estimate("hello world"), False)
    assert not tokens.load("openai/gpt-4o")
    (empty / "fb374d419588a4632f3f557e76b4b70aebbca790").write_bytes(b"damaged")
    tokens._missing.clear()
    assert tokens.count("hello world", "openai/gpt-4o")[1] is False


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_fetching_keeps_only_what_is_right(files: Path, empty: Path) -> None:
    import httpx2

    def serve(request: Any) -> Any:
        name = Path(request.url.path).stem
        return httpx2.Response(200, content=(FILES / tokens._FILES[name].name).read_bytes())

    wrong = httpx2.MockTransport(lambda request: httpx2.Response(200, content=b"else"))
    assert not await tokens.fetch_encodings(wrong)
    gone = httpx2.MockTransport(lambda request: httpx2.Response(503))
    assert not await tokens.fetch_encodings(gone)
    assert names_in(empty) == []
    assert not tokens.count("hello world", "openai/gpt-4o")[1]
    assert await tokens.fetch_encodings(httpx2.MockTransport(serve))
    assert len(names_in(empty)) == 2
    assert await tokens.fetch_encodings(gone)
    assert tokens.count("hello world", "openai/gpt-4o") == (2, True)

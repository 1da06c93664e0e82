"""The server that other tests lean on is itself as it says."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.loopback import Fault, LoopbackServer, answering, storm
from tests.support.wire import CHAT, MESSAGES

ROOT = Path(__file__).parents[2]


def post(
    server: LoopbackServer, body: object, path: str = CHAT, **headers: str
) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def chat(text: str, **more: object) -> dict[str, object]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def test_answers_are_a_function_of_the_request() -> None:
    with (
        LoopbackServer(seed=1) as one,
        LoopbackServer(seed=1) as two,
        LoopbackServer(seed=2) as three,
    ):
        answers = [post(server, chat("<INS>", n=4))[1]["choices"] for server in (one, two, three)]
        assert answers[0] == answers[1] != answers[2]
        assert len(answers[0]) == 4
        text = post(one, chat("Write 3 proposals <INS>"))[1]["choices"][0]["message"]["content"]
        assert text.count("</INS>") == 3
        assert post(one, chat("2+2"))[1]["choices"][0]["message"]["content"].startswith(
            "The answer is"
        )


def test_the_ledger_counts_what_was_reported() -> None:
    with LoopbackServer() as server:
        for i in range(5):
            usage = post(server, chat(f"question {i}"))[1]["usage"]
            record = server.ledger[-1]
            assert (record.input_tokens, record.output_tokens) == (
                usage["prompt_tokens"],
                usage["completion_tokens"],
            )
            assert record.delivered
            assert record.ended is not None
        summary = server.summary()["answered"][f"{CHAT} m"]
        assert summary["calls"] == 5
        assert len(server.records(CHAT, "m")) == 5
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/ledger")
        assert len(json.loads(connection.getresponse().read())["ledger"]) == 5
        connection.close()


def test_many_at_once() -> None:
    with LoopbackServer(latency=0.02) as server, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda i: post(server, chat(str(i)))[0], range(200)))
        assert found == [200] * 200
        assert len(server.ledger) == 200
        assert server.in_flight == 0
        assert server.most_in_flight > 4


def test_faults_are_not_counted_as_answers() -> None:
    faults = {1: Fault(reset=True), 2: Fault(status=500), 3: Fault(truncate=True)}
    with LoopbackServer(fault=lambda number, request: faults.get(number)) as server:
        with pytest.raises(ConnectionError):
            post(server, chat("a"))
        assert post(server, chat("b"))[0] == 500
        with pytest.raises(http.client.IncompleteRead):
            post(server, chat("c"))
        assert post(server, chat("d"))[0] == 200
    assert [(r.status, r.delivered, r.output_tokens > 0) for r in server.ledger] == [
        (0, False, False),
        (500, True, False),
        (0, False, False),
        (200, True, True),
    ]


def test_a_key_can_be_demanded() -> None:
    with LoopbackServer(key="secret") as server:
        assert post(server, chat("a"))[0] == 401
        assert post(server, chat("a"), authorization="Bearer secret")[0] == 200
        body = chat("a", max_tokens=5)
        assert post(server, body, MESSAGES, **{"x-api-key": "secret"})[0] == 200


def test_a_failing_hook_is_told_to_the_test() -> None:
    def broken(request: object) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), LoopbackServer(broken) as server:
        assert post(server, chat("a"))[0] == 500


def test_a_storm_is_seeded_and_about_a_third() -> None:
    hook = storm(3)
    faults = [hook(number, None) for number in range(2000)]  # type: ignore[arg-type]
    assert faults == [storm(3)(number, None) for number in range(2000)]  # type: ignore[arg-type]
    assert 0.30 < sum(fault is not None for fault in faults) / 2000 < 0.40


def test_right_answers_depend_on_the_instruction() -> None:
    targets = {f"What is {i} + {i}?": str(2 * i) for i in range(100, 200)}
    with LoopbackServer(answering(targets)) as server:
        shares = []
        for instruction in ("Think.", "Guess."):
            asked = [post(server, chat(f"Q: {q}\nA: {instruction}"))[1] for q in targets]
            texts = [answer["choices"][0]["message"]["content"] for answer in asked]
            hits = sum(f"is {t}." in text for t, text in zip(targets.values(), texts, strict=True))
            shares.append(hits / len(targets))
    assert all(0.1 < share < 1 for share in shares)
    assert shares[0] != shares[1]


def test_by_hand() -> None:
    command = [sys.executable, "-m", "tests.support.loopback", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
        process.terminate()
        assert json.loads(process.stdout.read())["requests"] == 0
    assert process.returncode == 0

"""Fuzz targets: all that the program reads."""

from __future__ import annotations

import asyncio
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opro_tui.cli.files import read_template
from opro_tui.config import Config
from opro_tui.config_file import parse_config
from opro_tui.core import proposals
from opro_tui.core.errors import BadInput, ModelError, OproError
from opro_tui.core.protocols import Completion, Example, Finish, Response, Split
from opro_tui.engine.exchange import importing
from opro_tui.engine.exchange.wire import Digest
from opro_tui.engine.exchange.writing import write_jsonl
from opro_tui.models import allowances, discovery, errors
from opro_tui.models.adapter import Adapter
from opro_tui.models.registry import create
from opro_tui.store.database import Store
from opro_tui.tasks import columns, data
from opro_tui.tasks.judging import Judging
from opro_tui.tasks.meta_prompts import prompt_template
from opro_tui.tasks.metrics import guess_metric, make_metric
from opro_tui.tasks.prompt_task import PromptSpec, PromptTask
from opro_tui.tasks.task_file import read_task_file
from tests.support import hostile
from tests.support.sessions import make_and_run, own_data
from tests.trust.material import Material, encoded

if TYPE_CHECKING:
    from opro_tui.core.meta_prompt import Template

SHORT = list(hostile.SHORT.values())


def one_line(error: OproError, *names: str) -> None:
    """What is said about a fault stands on one line, and names what it should."""
    text = str(error)
    assert text.strip()
    assert "\n" not in text
    assert all(name in text for name in names)


def bounded(error: OproError) -> None:
    """What an endpoint says is told at no length, and nothing acts in it."""
    assert str(error).isprintable()
    assert len(str(error)) < 1000


# --- what an optimizer writes ---


@cache
def _task() -> PromptTask:
    example = Example(0, "What is 1 + 1?", "2", fields={"question": "What is 1 + 1?"})
    return PromptTask(PromptSpec(name="t", metric="exact"), [example])


def template_of(texts: tuple[str, ...]) -> Template:
    """The usual template with other tags, where they are no empty ones."""
    names = ("proposal_open", "proposal_close", "placeholder")
    given = {name: text for name, text in zip(names, texts, strict=True) if text}
    return prompt_template("tuned").with_texts(given)


def parse_proposals(material: Material) -> None:
    """A completion, two tags and the placeholder: proposals are pieces of it, vetted ones clean."""
    completion, *tags, known = material.texts(5)
    template = template_of(tuple(tags)) if len(material) > 1 else prompt_template("tuned")
    found = proposals.parse(completion, template)
    assert found
    assert sum(len(proposal.text) for proposal in found) <= len(completion)
    assert len(found) == 1 or all(proposal.text.strip() for proposal in found)
    for proposal in found[:10]:
        assert proposal.text in completion
        solution = _task().clean(proposal.text)
        assert solution in proposal.text
        rejection = proposals.vet(
            solution,
            proposal,
            template,
            seen={known: 1},
            max_length=500,
            task_reason=_task().reject,
            truncated=bool(len(material) % 2),
        )
        if rejection is None:
            assert solution
            assert solution != known
            assert len(solution) <= 500
            tags_there = (template.placeholder, template.proposal_open, template.proposal_close)
            assert not any(len(tag) > 1 and tag in solution for tag in tags_there)
        else:
            assert rejection.reason


def proposal_seeds() -> list[bytes]:
    """Completions to begin with."""
    seeds = [encoded(f"<INS>{text}</INS> {text}") for text in SHORT]
    return [
        *seeds,
        encoded("a [b [c] d] e", "[", "]", "<INS>", "b"),
        encoded("x<x>y", "<x>", "<x>"),
    ]


# --- what a scorer or judge writes ---


@cache
def _metric(name: str) -> Any:
    return make_metric(name)


def grade_answers(material: Material) -> None:
    """A question, a target and an answer: every metric grades within bounds."""
    question, target, answer = material.texts(3)
    example = Example(0, question, target, Split.TRAIN)
    for name in ("exact", "contains", "numeric", "boolean", "multiple-choice", "json"):
        metric = _metric(name)
        if metric.problem(target) is not None:
            assert metric.problem(target)
        metric.prepare([example])
        grade = metric.grade(example, answer)
        assert 0 <= grade.score <= 1
        assert metric.binary is False or grade.score in (0, 1)
        assert grade.parsed is None or len(grade.parsed) <= max(500, len(target))
    assert guess_metric([target, answer]) in (*("exact", "numeric", "boolean", "multiple-choice"),)
    judge(example, answer)


def judge(example: Example, answer: str) -> None:
    """A judge's request holds the answer, in which no grade stands; its reply is read strictly."""
    judging = Judging("Be kind.")
    (message,) = judging.messages(example, answer)
    assert message.content.lower().count("<grade>") == 1
    for finish in Finish:
        reading = judging.read(Completion(answer, finish))
        assert reading.score is None or (0 <= reading.score <= 1 and finish is Finish.STOP)
        assert len(reading.reason) <= 2000
    tail = "<grade>0.5</grade>"
    assert judging.read(Completion(f"{answer}\n{tail}")).score == 0.5


def answer_seeds() -> list[bytes]:
    """Answers to begin with."""
    return [
        *(encoded("Q? (A) one (B) two", "(B)", text) for text in SHORT),
        *(encoded(text, text, f"The answer is {text}.") for text in SHORT),
        encoded("", '{"a": 1}', 'x ```json\n{"a": 1.0}\n``` \\boxed{\\text{5}}'),
        encoded("1 + 1", "2", "so = 2,000.50 % is the correct answer"),
    ]


def match_patterns(material: Material) -> None:
    """A pattern of the user's and an answer: refused, matched, or given up in time."""
    pattern, target, answer = material.texts(3)
    try:
        metric = make_metric(f"regex:{pattern}")
    except BadInput as error:
        one_line(error)
        return
    grade = metric.grade(Example(0, "", target), answer)
    assert grade.score in (0, 1)
    assert grade.flags in ((), ("timeout",))


def pattern_seeds() -> list[bytes]:
    """Patterns to begin with."""
    return [
        encoded(pattern, "a", "a" * 300 + "!") for pattern in (*hostile.PATTERNS, "answer: (\\w+)")
    ]


# --- files ---


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="opro-fuzz-"))


def read_files(material: Material) -> None:
    """Bytes of a file: data, task file, template or config; read, or refused in a line."""
    kind, content = material.number(0, 7), b"\xfe".join(material.parts[1:])
    file = _folder() / ("f" + (*data.SUFFIXES, ".toml", ".toml", ".toml")[kind])
    file.write_bytes(content)
    try:
        if kind < 4:
            _read_table(file, material)
        elif kind == 4:
            read_task_file(file)
        elif kind == 5:
            read_template(file)
        else:
            parse_config(content.decode("utf-8", "replace"), file)
    except BadInput as error:
        one_line(error)
    assert file.read_bytes() == content


def _read_table(file: Path, material: Material) -> None:
    header = bool(len(material) % 2)
    data.peek_table(file, header=header, rows=3)
    table = data.read_table(file, header=header)
    for row in table.rows:
        for cell in (*row.fields, *row.fields.values()):
            assert "\0" not in cell
            cell.encode("utf-8")
    columns.guess_columns(table.columns, [row.fields for row in table.rows])
    columns.find(table, None, "input", header=header)
    column = columns.find(table, None, "target", header=header)
    guess_metric(columns.targets(table, column, None))


def file_seeds() -> list[bytes]:
    """Files to begin with, one of each kind and some with hostile cells."""
    task = 'dataset = "d.csv"\ntarget = "a"\ninitial = ["x"]\n[split]\ntrain = 0.5\nseed = 1\n'
    config = '[providers.a]\nkind = "openai"\nbase_url = "http://localhost/v1"\n'
    config += '[prices."a/b"]\ninput = 1\noutput = 2\n[ui]\nmouse = false\n'
    files = {
        0: ['{"question": "q", "answer": 1}\n{"question": "r", "answer": [1, 2.0]}\n'],
        1: ['[{"question": "q", "answer": null}]', '{"data": [{"a": true}]}'],
        2: ["question,answer\nq,1\n", 'sep=;\na;b\n"x;""y";2\n', "a|b\n1|2\n"],
        3: ["question\tanswer\nq\t1\n"],
        4: [task],
        5: ['instructions = """x {trajectory}"""\nplaceholder = "<I>"\n'],
        6: [config],
    }
    for text in SHORT:
        files[0].append(json.dumps({"question": text, "answer": text}) + "\n")
        files[2].append(
            "question,answer\n" + ",".join('"' + text.replace('"', '""') + '"' for _ in "ab")
        )
        files[4].append(f"{task}name = {json.dumps(text)}\n")
    marks = [b"\xff\xfeq\0,\0a\0\n\0", b"\xef\xbb\xbfquestion,answer\n1,2\n", b"caf\xe9,b\n1,2\n"]
    return [
        *(
            bytes([kind]) + b"\xfe" + text.encode("utf-8", "surrogatepass")
            for kind in files
            for text in files[kind]
        ),
        *(b"\2\xfe" + mark for mark in marks),
    ]


# --- imported sessions ---


@cache
def _exported() -> tuple[str, ...]:
    """The lines of a session that ran a step, without the last."""

    async def made() -> list[str]:
        folder = Path(tempfile.mkdtemp(prefix="opro-fuzz-"))
        await make_and_run(folder / "s.db", own_data(folder, train=2, candidates=1), 1)
        store = await Store.open(folder / "s.db")
        try:
            return "".join([piece async for piece in write_jsonl(store, "s")]).splitlines()[:-1]
        finally:
            await store.close()

    return tuple(asyncio.run(made()))


def sealed(records: list[Any]) -> bytes:
    """Lines with an end that fits them, as someone who makes a file up would write it."""
    digest = Digest()
    counts = dict.fromkeys(("examples", "calls", "events"), 0)
    for record in records:
        kind = next(
            (kind for kind in ("session", "example", "call", "event") if kind in record), ""
        )
        digest.add(record.get(kind))
        if f"{kind}s" in counts:
            counts[f"{kind}s"] += 1
    end = {"end": counts | {"digest": digest.text()}}
    return "".join(json.dumps(record) + "\n" for record in [*records, end]).encode()


def places(value: Any, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Every container of some data with each of its keys or indices."""
    found = [] if found is None else found
    keys = (
        value.keys()
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    for key in keys:
        found.append((value, key))
        places(value[key], found)
    return found


def import_sessions(material: Material) -> None:
    """A file as it is, or a real one in which values were replaced: taken, or refused in a line."""
    file = _folder() / "session"
    if material.number(0, 4) == 0:
        content = b"\xfe".join(material.parts[1:])
    else:
        records = [json.loads(line) for line in _exported()]
        for index in range(1, min(len(material), 8), 3):
            record = records[material.number(index, len(records))]
            there = places(record)
            container, key = there[material.number(index + 1, len(there))]
            if not (container is record and key in ("format", "version")):
                container[key] = material.value(index + 2)
        try:
            content = sealed(records)
        except (ValueError, RecursionError):
            return
    file.write_bytes(content)
    try:
        importing._try(file)
        for _ in importing._rows(file):
            pass
    except BadInput as error:
        one_line(error, str(file))


def import_seeds() -> list[bytes]:
    """Replacements to begin with, and a whole file."""
    odd = [
        "null",
        "-1",
        "1e999",
        "[]",
        "{}",
        '{"$float": "nan"}',
        "true",
        "1152921504606846976",
        "[[]]",
    ]
    seeds = []
    for number, text in enumerate([*odd, *SHORT]):
        for step in range(4):
            at = (37 * number + 101 * step).to_bytes(2, "little")
            seeds.append(b"\1\xfe" + at + b"\xfe" + at[::-1] + b"\xfe" + encoded(text))
    lines = "\n".join(_exported())
    return [
        *seeds,
        b"\0\xfe" + lines.encode(),
        b'\0\xfe{"format": "opro-tui-session", "version": 1}',
    ]


# --- what endpoints send ---

BODIES: dict[str, list[dict[str, Any]]] = {
    "openai/m": [
        {
            "id": "x",
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"content": "hi", "refusal": None},
                },
                {
                    "finish_reason": "length",
                    "message": {"content": [{"type": "text", "text": "y"}]},
                },
            ],
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 4,
                "total_tokens": 9,
                "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 1},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
        }
    ],
    "openai-responses/m": [
        {
            "id": "x",
            "model": "m",
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [
                {"type": "reasoning"},
                {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
                {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]},
            ],
            "usage": {
                "input_tokens": 3,
                "output_tokens": 4,
                "input_tokens_details": {"cached_tokens": 1},
                "output_tokens_details": {"reasoning_tokens": 2},
            },
        }
    ],
    "anthropic/m": [
        {
            "id": "x",
            "model": "m",
            "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "hi"}, {"type": "thinking", "thinking": "…"}],
            "usage": {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 1},
        }
    ],
}
REFUSALS: list[Any] = [
    {"error": {"message": "maximum context length is 9", "code": "context_length_exceeded"}},
    {"error": {"message": "Unsupported parameter: 'temperature'", "param": "temperature"}},
    {"error": {"message": "flagged", "code": "content_filter", "details": {"error_code": "x"}}},
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    {"detail": [{"loc": ["body", "n"], "msg": "extra", "type": "extra_forbidden"}]},
    {"message": {"detail": "x"}, "metadata": {"flagged_input": "x"}},
    "<html>oops",
]
HEADERS = (
    "retry-after",
    "retry-after-ms",
    "date",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
)


@cache
def _adapter(name: str) -> Adapter:
    url = "http://127.0.0.1:9/v1"
    model = create(name, role="scorer", url=url, config=Config(), seed=0, preview=True)
    assert isinstance(model, Adapter)
    return model


class _Raw:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.text = content.decode("utf-8", "replace")
        self.headers: dict[str, str] = {}


def read_bodies(material: Material) -> None:
    """A response's body of each format: an answer, or one of our errors in a line."""
    name = list(BODIES)[material.number(0, 3)]
    adapter = _adapter(name)
    body = json.loads(json.dumps([*BODIES[name], *REFUSALS][material.number(1, 1 + len(REFUSALS))]))
    for index in range(2, min(len(material), 8), 2):
        there = places(body)
        if there:
            container, key = there[material.number(index, len(there))]
            container[key] = material.value(index + 1)
    sent = {"temperature", "n", "max_tokens", "system"}
    status = 400 + material.number(2, 130)
    for ask in (
        lambda: adapter._answer(_Raw(material.part(len(material) - 1)), sent),
        lambda: adapter._answer(_Raw(json.dumps(body).encode()), sent),
        lambda: adapter.refused(status, body, _headers(material), sent),
        lambda: adapter.batches()._result(body, sent) if isinstance(body, dict) else None,
        lambda: adapter.batches()._result({"response": {"status_code": 200, "body": body}}, sent),
        lambda: adapter.batches()._result({"result": {"type": "errored", "error": body}}, sent),
    ):
        try:
            _check_response(ask())
        except ModelError as error:
            one_line(error)
            bounded(error)
    for each in discovery._names(body):
        assert each.isprintable()


def _check_response(response: Response | None) -> None:
    if response is None:
        return
    response.model.encode()
    for completion in response.completions:
        assert isinstance(completion.text, str)
    usage = response.usage
    assert 0 <= usage.reasoning_tokens <= (usage.output_tokens or 0)
    assert usage.cached_tokens >= 0
    assert max(usage.input_tokens or 0, usage.output_tokens or 0) < 2**53


def _headers(material: Material) -> dict[str, str]:
    """Headers out of the last parts; HTTP lets no control characters into them."""
    found = {
        name: "".join(c for c in material.text(len(material) - 1 - number)[:200] if c.isprintable())
        for number, name in enumerate(HEADERS)
        if number < len(material)
    }
    for allowance in allowances.allowances(found):
        assert allowance.rate >= 0
    wait = errors.retry_after(found)
    assert wait is None or wait >= 0
    return found


def body_seeds() -> list[bytes]:
    """Replacements to begin with."""
    odd = [
        "null",
        "-1",
        "1e999",
        "[]",
        "{}",
        "true",
        "5",
        "[[]]",
        '[{"text": 1}]',
        '"\\ud800"',
        "0.5",
    ]
    dates = ["Mon, 01 Jan 2020 00:00:00 GMT", "6m0s", "2026-01-01T00:00:00Z", "nan"]
    return [
        bytes([number % 3])
        + b"\xfe"
        + bytes([number % 8])
        + b"\xfe"
        + bytes([7 * number % 251])
        + b"\xfe"
        + encoded(text)
        for number, text in enumerate([*odd * 6, *dates * 3, *SHORT])
    ]

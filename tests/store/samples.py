"""Sessions, calls and hostile events to store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from opro_tui.core.events import (
    CallFinished,
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Continued,
    CritiqueWritten,
    EditMade,
    Evaluation,
    Measured,
    Outcome,
    PromptBuilt,
    SamplingFinished,
    StepFinished,
    StepStarted,
    Stopped,
    Warned,
)
from opro_tui.core.forecast import Forecast, RoleForecast
from opro_tui.core.judgement import Judgement
from opro_tui.core.meta_prompt import Region, Template
from opro_tui.core.protocols import Completion, Finish
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Origin, Score
from opro_tui.core.usage import Usage
from opro_tui.store.records import CallAnswer, CallIntent

if TYPE_CHECKING:
    from opro_tui.core.protocols import Example
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord

TEMPLATE = Template("{trajectory}{exemplars}", "{solution} {score}", "{solution}", "{input}")


async def new_session(
    store: Store, name: str = "s", *, examples: tuple[Example, ...] = (), **options: Any
) -> SessionRecord:
    values: dict[str, Any] = {
        "task_spec": {"kind": "test"},
        "settings": Settings(),
        "template": TEMPLATE,
        "simulated": True,
        "sources": ({"path": "a.jsonl", "sha256": "00", "rows": 2},),
        "versions": {"opro-tui": "1"},
    }
    return await store.create_session(name=name, examples=examples, **(values | options))


def intent(key: bytes = b"k" * 16, **changes: Any) -> CallIntent:
    values: dict[str, Any] = {"role": "scorer", "purpose": "score", "step": 0, "model": "openai/m"}
    values |= {"endpoint": "http://x", "candidate": 1, "example": 0, "estimate": 7}
    return CallIntent(key=key, **(values | changes))


def outcome(call: int, kind: Outcome = Outcome.ANSWERED, **changes: Any) -> CallFinished:
    usage = {
        Outcome.ANSWERED: Usage(calls=1, input_tokens=10, output_tokens=2, cost_pico=123_456_789),
        Outcome.FAILED: Usage(failed=1),
        Outcome.UNKNOWN: Usage(unknown=1, input_tokens=None, output_tokens=None, cost_pico=None),
    }[kind]
    event = CallFinished(
        step=0,
        call=call,
        role="scorer",
        purpose="score",
        outcome=kind,
        usage=usage,
        candidate=1,
        estimate=7,
    )
    return replace(event, **changes)


def answer(*texts: str) -> CallAnswer:
    return CallAnswer(tuple(Completion(text) for text in texts), request_id="req-1")


def started(step: int, settings: Settings | None = None) -> StepStarted:
    return StepStarted(step=step, settings=settings or Settings(), template=TEMPLATE)


def sampled(step: int, id_: int, text: str = "") -> CandidateSampled:
    return CandidateSampled(step=step, id=id_, text=text or f"text {id_}", origin=Origin.OPTIMIZER)


def scored(step: int, id_: int, value: float = 0.5, n: int = 2) -> CandidateScored:
    return CandidateScored(step=step, candidate=id_, score=Score(value, n, 2, 0.1, 0.2, 0.8))


def evaluated(step: int, id_: int, example: int, score: float = 1.0, **more: Any) -> Evaluation:
    return Evaluation(step=step, candidate=id_, example=example, score=score, **more)


texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.sampled_from(
        ["\0", "a\0b", "\ud800", "\ud83d\ude00", "😀", "'; DROP TABLE calls; --", "[b]", "\x1b]8;;"]
    ),
    st.sampled_from("aé\0\ud800").map(lambda letter: letter * 100_000),
)
counts = st.integers(0, 10**9)
maybe_counts = st.none() | counts
numbers = st.floats(allow_nan=False)
maybe_numbers = st.none() | numbers
usages = st.builds(
    Usage, counts, counts, counts, counts, maybe_counts, counts, maybe_counts, counts,
    st.none() | st.integers(0, 10**17), counts, st.none() | st.integers(-(10**15), 10**15),
).map(
    # Where nothing was cached nothing was saved.
    lambda usage: usage if usage.used_cache else replace(usage, cache_saved_pico=0)
)  # fmt: skip
json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
settings = st.builds(
    Settings,
    data_dir=st.sampled_from([None, "/a b", "\ud800", "/é"]),
    train=st.sampled_from([None, 40, 0.035]),
    proposals=st.integers(1, 8),
    max_output_tokens=st.sampled_from([(), (("scorer", 5),), (("optimizer", 9), ("judge", 1))]),
    budget=st.none() | st.floats(0, 1e6),
)
templates = st.builds(Template, texts, texts, texts, texts, texts, texts, texts)
role_forecasts = st.builds(
    RoleForecast, st.sampled_from(["optimizer", "scorer"]), counts, counts, counts, counts, counts,
    maybe_counts, maybe_counts, maybe_counts, counts, counts,
)  # fmt: skip
scores = st.builds(
    Score, numbers, counts, counts, maybe_numbers, maybe_numbers, maybe_numbers, counts, counts,
    st.binary(max_size=50),
)  # fmt: skip
answers = st.builds(
    CallAnswer,
    st.lists(st.builds(Completion, texts, st.sampled_from(Finish)), min_size=1, max_size=3).map(
        tuple
    ),
    texts,
)
flags = st.lists(st.sampled_from(["empty", "refused", "truncated"]), max_size=2).map(tuple)

EVENTS = {
    StepStarted: st.builds(
        StepStarted,
        step=st.just(0),
        settings=settings,
        template=templates,
        forecast=st.builds(Forecast, st.lists(role_forecasts, max_size=2).map(tuple)),
    ),
    PromptBuilt: st.builds(
        PromptBuilt,
        step=st.just(0),
        text=texts,
        regions=st.lists(
            st.builds(
                Region, counts, counts, st.sampled_from(["solution", "request"]), maybe_counts
            ),
            max_size=3,
        ).map(tuple),
        tokens=counts,
        temperature=st.floats(0, 2),
        proposals=st.integers(1, 9),
    ),
    CandidateSampled: st.builds(
        CandidateSampled,
        step=st.just(0),
        id=st.just(1),
        text=texts,
        origin=st.sampled_from(Origin),
        draw=maybe_counts,
        raw=texts,
    ),
    CandidateRejected: st.builds(
        CandidateRejected, step=counts, id=st.just(1), reason=texts, duplicate_of=maybe_counts
    ),
    SamplingFinished: st.just(SamplingFinished(step=0)),
    CritiqueWritten: st.builds(CritiqueWritten, step=counts, call=st.just(1), text=texts),
    CallFinished: st.builds(
        CallFinished,
        step=counts,
        call=st.just(1),
        role=st.just("scorer"),
        purpose=st.just("score"),
        outcome=st.sampled_from(Outcome),
        usage=usages,
        candidate=maybe_counts,
        attempts=counts,
        error=texts,
        estimate=counts,
        milliseconds=counts,
    ),
    Evaluation: st.builds(
        Evaluation,
        step=counts,
        candidate=counts,
        example=st.integers(-1, 10**6),
        score=numbers,
        replicate=counts,
        parsed=st.none() | texts,
        flags=flags,
        call=st.just(1),
        from_store=st.booleans(),
        judgements=st.lists(
            st.builds(
                Judgement,
                call=st.just(1),
                score=st.none() | st.floats(0, 1),
                reason=texts,
                from_store=st.booleans(),
            ),
            max_size=2,
        ).map(tuple),
    ),
    CandidateScored: st.builds(
        CandidateScored, step=counts, candidate=counts, score=scores, behind=st.none() | counts
    ),
    Measured: st.builds(
        Measured,
        step=counts,
        kind=st.sampled_from(["confirm", "evaluate"]),
        candidate=counts,
        split=st.sampled_from(["rest", "test"]),
        examples=st.lists(counts, max_size=4).map(tuple),
        score=scores,
    ),
    StepFinished: st.builds(
        StepFinished,
        step=st.just(0),
        usage=st.lists(
            st.tuples(counts, st.sampled_from(["optimizer", "scorer"]), usages), max_size=2
        ).map(tuple),
    ),
    EditMade: st.builds(
        EditMade,
        step=counts,
        kind=st.sampled_from(["set", "pin"]),
        before=json_data,
        after=json_data,
        note=texts,
    ),
    Warned: st.builds(Warned, step=counts, code=texts, message=texts),
    Stopped: st.builds(Stopped, step=counts, code=texts, message=texts),
    Continued: st.builds(
        Continued,
        step=counts,
        versions=st.dictionaries(texts, texts, max_size=3),
        sources=st.dictionaries(texts, texts, max_size=2),
    ),
}

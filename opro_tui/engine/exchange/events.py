"""Events as plain records, and back again with every field checked."""

from __future__ import annotations

from dataclasses import asdict, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.events import (
    EVENT_TYPES,
    TRANSFER,
    CallFinished,
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Continued,
    CritiqueWritten,
    EditMade,
    Evaluation,
    Event,
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
from opro_tui.core.grades import unpack
from opro_tui.core.judgement import Judgement
from opro_tui.core.meta_prompt import Region, Template
from opro_tui.core.settings import Settings
from opro_tui.core.solution import Origin, Score
from opro_tui.core.usage import Usage
from opro_tui.engine.exchange import checks
from opro_tui.engine.exchange.records import (
    PURPOSE,
    read_settings,
    read_template,
    read_usage,
)

if TYPE_CHECKING:
    from opro_tui.engine.exchange.checks import Check

_MAYBE = checks.optional(checks.count)
_ROLE = checks.word("optimizer", "scorer", "judge")
_MARKS = frozenset(
    f"{verb}{what}" for verb in ("pin", "unpin", "drop", "undrop") for what in ("", "_exemplar")
) | {"redraw", "veto", "halt", "complete", "rescore"}
_LEFT_OUT: dict[type[Event], dict[str, Any]] = {
    Evaluation: {"judgements": []},
    CandidateScored: {"behind": None},
}
"""Values that aren't written: most events have them, and older files have no such field."""


def event_record(event: Event) -> dict[str, Any]:
    """An event with its type, place and time."""
    data: dict[str, Any] = {
        "type": event.type,
        "seq": event.seq,
        "step": event.step,
        "at": event.at,
    }
    for item in fields(event):
        if item.name not in data:
            data[item.name] = _plain(getattr(event, item.name))
    for name, value in _LEFT_OUT.get(type(event), {}).items():
        if data[name] == value:
            del data[name]
    return data


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of any event
    if isinstance(value, Settings | Template):
        return value.to_json()
    if isinstance(value, Forecast):
        return value.stored()
    if isinstance(value, Region):
        return [value.start, value.end, value.kind, value.id]
    if isinstance(value, Score):
        return asdict(value) | {"grades": value.grades.hex()}
    if isinstance(value, Usage):
        return asdict(value)
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, Judgement):
        return asdict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def read_event(value: Any, where: str, seq: int) -> Event:  # noqa: ANN401
    """The reverse of `event_record`.

    Raises:
        BadInput: A field is missing or wrong, or the event isn't the one that comes next.
    """
    name = value.get("type") if isinstance(value, dict) else None
    kind = next((kind for kind in EVENT_TYPES if kind.type == name), None)
    if kind is None:
        raise BadInput(f"unknown type of event {str(name)[:40]!r}", where=where)
    found = checks.record(_LEFT_OUT.get(kind, {}) | value, where, **_FIELDS[kind])
    del found["type"]
    if found["seq"] != seq:
        raise BadInput(f"event {found['seq']} stands where {seq} belongs", where=where)
    event = kind(**found)
    if isinstance(event, EditMade) and event.kind in _MARKS:
        checks.field(event.after, checks.count, f"{where}: after")
    if isinstance(event, EditMade) and event.kind == "critique":
        checks.field(event.after, checks.text, f"{where}: after")
    if isinstance(event, EditMade) and event.kind == "fork":
        _check_fork(event, where)
    return event


def _check_fork(event: EditMade, where: str) -> None:
    checks.record(event.before, f"{where}: before", settings=checks.mapping)
    checks.record(
        event.after,
        f"{where}: after",
        parent=checks.text,
        step=_MAYBE,
        seq=checks.count,
        settings=checks.mapping,
        solutions=checks.items(checks.count),
    )


def _score(value: Any) -> Score:  # noqa: ANN401
    maybe = checks.optional(checks.number)
    found = checks.record(
        value,
        "",
        value=checks.number,
        n=checks.count,
        of=checks.count,
        stderr=maybe,
        low=maybe,
        high=maybe,
        unparsed=checks.count,
        flagged=checks.count,
        grades=_grades,
    )
    return Score(**found)


def _grades(value: Any) -> bytes:  # noqa: ANN401
    packed = checks.packed(value)
    binary = packed[:1] == b"b" and set(packed[1:]) <= {0, 1, 2}
    real = packed[:1] == b"d" and len(packed) % 8 == 1
    if packed and not binary and not real:
        raise ValueError("are no packed scores")
    unpack(packed)
    return packed


def _forecast(value: Any) -> Forecast:  # noqa: ANN401
    return Forecast(checks.items(_role_forecast)(value))


def _role_forecast(value: Any) -> RoleForecast:  # noqa: ANN401
    cost = checks.optional(checks.whole(0, 2**62))
    found = checks.record(
        value,
        "",
        role=_ROLE,
        calls=checks.count,
        input_tokens=checks.count,
        output_tokens=checks.count,
        low=checks.count,
        high=checks.count,
        cost_pico=cost,
        cost_low=cost,
        cost_high=cost,
        estimate_input=checks.count,
        estimate_output=checks.count,
    )
    return RoleForecast(**found)


def _region(value: Any) -> Region:  # noqa: ANN401
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError("is no region of [start, end, kind, id]")
    start, end, kind, id_ = value
    return Region(checks.count(start), checks.count(end), checks.text(kind), _MAYBE(id_))


def _used(value: Any) -> tuple[int, str, Usage]:  # noqa: ANN401
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError("is no [step, role, usage]")
    return checks.count(value[0]), _ROLE(value[1]), read_usage(value[2])


def _judgement(value: Any) -> Judgement:  # noqa: ANN401
    found = checks.record(
        value,
        "",
        call=checks.count,
        score=checks.optional(_share),
        reason=checks.text,
        from_store=checks.flag,
    )
    return Judgement(**found)


def _share(value: Any) -> float:  # noqa: ANN401
    score = checks.number(value)
    if not 0 <= score <= 1:
        raise ValueError("is no grade from 0 to 1")
    return score


def _flag(value: Any) -> str:  # noqa: ANN401
    name = checks.text(value)
    if not name or "," in name:
        raise ValueError("is no name of a flag")
    return name


_COMMON: dict[str, Check[Any]] = {
    "type": checks.text,
    "seq": checks.whole(1),
    "step": checks.count,
    "at": checks.time,
}
_NOTICE = _COMMON | {"code": checks.text, "message": checks.text}
_FIELDS: dict[type[Event], dict[str, Check[Any]]] = {
    StepStarted: _COMMON
    | {"settings": read_settings, "template": read_template, "forecast": _forecast},
    PromptBuilt: _COMMON
    | {
        "text": checks.text,
        "regions": checks.items(_region),
        "tokens": checks.count,
        "temperature": checks.number,
        "proposals": checks.count,
    },
    CandidateSampled: _COMMON
    | {
        "id": checks.whole(1),
        "text": checks.text,
        "origin": checks.one_of(Origin),
        "draw": _MAYBE,
        "raw": checks.text,
    },
    CandidateRejected: _COMMON
    | {"id": checks.count, "reason": checks.text, "duplicate_of": _MAYBE},
    SamplingFinished: _COMMON,
    CritiqueWritten: _COMMON | {"call": checks.count, "text": checks.text},
    CallFinished: _COMMON
    | {
        "call": checks.count,
        "role": _ROLE,
        "purpose": PURPOSE,
        "outcome": checks.one_of(Outcome),
        "usage": read_usage,
        "candidate": _MAYBE,
        "attempts": checks.count,
        "error": checks.text,
        "estimate": checks.count,
        "milliseconds": checks.count,
    },
    Evaluation: _COMMON
    | {
        "candidate": checks.count,
        "example": checks.whole(-1),
        "score": checks.number,
        "replicate": checks.count,
        "parsed": checks.optional(checks.text),
        "flags": checks.items(_flag),
        "call": _MAYBE,
        "from_store": checks.flag,
        "judgements": checks.items(_judgement),
    },
    CandidateScored: _COMMON
    | {"candidate": checks.count, "score": _score, "behind": checks.optional(checks.count)},
    Measured: _COMMON
    | {
        "kind": checks.word("confirm", "evaluate", TRANSFER),
        "candidate": checks.count,
        "split": checks.text,
        "examples": checks.items(checks.count),
        "score": _score,
    },
    StepFinished: _COMMON | {"usage": checks.items(_used)},
    EditMade: _COMMON
    | {"kind": checks.text, "before": checks.data, "after": checks.data, "note": checks.text},
    Warned: _NOTICE,
    Stopped: _NOTICE,
    Continued: _COMMON | {"versions": checks.texts, "sources": checks.texts},
}

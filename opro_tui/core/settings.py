"""Settings: their values and defaults; `setting_table` has their limits and meaning."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.setting_table import (
    BY_NAME,
    DEFINITIONS,
    EFFORTS,
    PER_ROLE,
    POSITIONS,
    STARRED,
    Definition,
    find,
)
from opro_tui.core.usage import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.setting_values import RoleValues


__all__ = [
    "BY_NAME",
    "DEFINITIONS",
    "EFFORTS",
    "GRADING_ROLES",
    "OF_JUDGE",
    "OF_META_PROMPT",
    "PER_ROLE",
    "POSITIONS",
    "STARRED",
    "Definition",
    "Settings",
    "find",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that decides how a session runs; see `DEFINITIONS` for each one's meaning."""

    task: str = "sums"
    data_dir: str | None = None
    input: str | None = None
    target: str | None = None
    header: bool = True
    metric: str | None = None
    train: float | None = None
    test: float | None = None
    seed: int = 0
    scorer: str = "simulated"
    scorer_url: str | None = None
    scorer_temperature: float = 0.0
    judge: str | None = None
    judge_url: str | None = None
    judge_temperature: float = 0.0
    judge_repeats: int = 1
    rubric: str | None = None
    replicate: int = 0
    position: str = "Q_begin"
    qa: bool = True
    optimizer: str = "simulated"
    optimizer_url: str | None = None
    candidates: int = 8
    shown: int = 20
    order: str = "ascending"
    score_buckets: int = 100
    score_uncertainty: bool = False
    exemplars: int = 3
    exemplar_choice: str = "random"
    exemplar_errors: bool = False
    critique: bool = False
    temperature: float = 1.0
    schedule: str = "constant"
    proposals: int = 1
    request_size: int | None = None
    max_output_tokens: RoleValues = ()
    reasoning_effort: RoleValues = ()
    threshold: float | None = None
    max_length: int | None = None
    max_steps: int | None = None
    patience: int | None = None
    budget: float | None = None
    budget_tokens: int | None = None
    stop_after: float | None = None
    stop_after_tokens: int | None = None
    concurrency: int = 16
    scoring: str = "full"
    review: bool = False
    meta_style: str = "tuned"
    arm: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Name to JSON value; per-role settings become objects."""
        data = asdict(self)
        for name in PER_ROLE:
            data[name] = dict(getattr(self, name))
        data["proposals"] = "independent" if self.proposals == 1 else self.proposals
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """The reverse of `to_json`; unknown names are refused.

        Raises:
            BadInput: A name is no setting, or a value is out of range.
        """
        return cls().with_values(data)

    def with_values(self, values: Mapping[str, Any], *, where: str = "") -> Settings:
        """These settings with some values parsed, checked and replaced.

        Args:
            values: Setting name (with - or _) to a value, as text from a flag or as JSON.
            where: The file the values come from, for error texts.

        Raises:
            BadInput: A name is no setting, or a value is out of range.
        """
        changes: dict[str, Any] = {}
        for name, raw in values.items():
            definition = find(name, where=where)
            value = definition.parse(raw, where=where)
            if definition.name in PER_ROLE:
                value = _merge(getattr(self, definition.name), value)
            changes[definition.name] = value
        return replace(self, **changes)

    def for_role(self, name: str, role: str) -> Any:  # noqa: ANN401 - a setting's own type
        """A per-role setting's value for one role; None when it is not set."""
        return dict(getattr(self, name)).get(role)


def _merge(old: RoleValues, new: RoleValues) -> RoleValues:
    merged = dict(old) | dict(new)
    return tuple((role, merged[role]) for role in ROLES if merged.get(role) is not None)


OF_META_PROMPT = (
    "shown",
    "order",
    "score_buckets",
    "score_uncertainty",
    "threshold",
    "exemplars",
    "exemplar_choice",
    "exemplar_errors",
    "critique",
    "proposals",
    "meta_style",
)
"""The settings that a meta-prompt depends on."""
OF_JUDGE = ("judge", "judge_url", "judge_temperature", "judge_repeats", "rubric")
"""The settings that only the judge metric has a use for."""
GRADING_ROLES = ("scorer", "judge")
"""The roles whose settings decide what a score is, so that they hold for a whole session."""

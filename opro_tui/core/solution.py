"""Solutions, candidates and scores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Origin(StrEnum):
    """Where a solution came from."""

    START = "start"
    OPTIMIZER = "optimizer"
    PERSON = "person"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Score:
    """What a solution is worth, with its uncertainty.

    Attributes:
        value: 0–1 for metrics, the raw objective for mathematics.
        n: Examples that were evaluated.
        of: Examples that a full score needs; 0 for a score that was imported.
        stderr: Standard error of the mean; None when nothing is known of it.
        low: Lower end of the 95 % interval; None when nothing is known of it.
        high: Upper end of the 95 % interval.
        unparsed: Evaluations in which no answer could be found.
        flagged: Evaluations that were empty, refused, truncated, filtered or too long.
        grades: The score on each training example, in order (`core.grades`).
    """

    value: float
    n: int
    of: int
    stderr: float | None = None
    low: float | None = None
    high: float | None = None
    unparsed: int = 0
    flagged: int = 0
    grades: bytes = b""

    @property
    def full(self) -> bool:
        """Whether every example was evaluated, so that it may be the best."""
        return self.n >= self.of

    @property
    def half_width(self) -> float | None:
        """Half of the 95 % interval's width: the ± of the screen."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A solution proposed in a step, whatever became of it.

    Attributes:
        id: Its number in the session, fixed at sampling.
        text: The solution itself.
        step: The step it was proposed in; 0 for starting solutions.
        origin: Who proposed it.
        draw: The optimizer's draw it came from; None when it came from elsewhere.
        rejected: Why vetting kept it from being scored; None when it passed.
        duplicate_of: The earlier candidate with the same text.
        vetoed: Whether a person kept it from being scored.
        score: None until it is scored.
        replicate: Which answers it is scored on, counted from the session's own setting; each
            "score again" buys the next.
        due: Whether it is to be scored although it has a score: again, or to the end.
        behind: The solution that it had fallen behind when racing ended its scoring.
    """

    id: int
    text: str
    step: int
    origin: Origin
    draw: int | None = None
    rejected: str | None = None
    duplicate_of: int | None = None
    vetoed: bool = False
    score: Score | None = None
    replicate: int = 0
    due: bool = False
    behind: int | None = None

    @property
    def waiting(self) -> bool:
        """Whether it passed vetting and is still to be scored, or scored again."""
        scored = self.score is not None and not self.due
        return self.rejected is None and not self.vetoed and not scored

    def to_json(self, *, pinned: bool, dropped: bool, in_prompt: bool) -> dict[str, Any]:
        """The SOLUTION object of `cli.md`."""
        score = self.score
        return {
            "id": self.id,
            "text": self.text,
            "score": score.value if score else None,
            "n": score.n if score else 0,
            "of": score.of if score else 0,
            "stderr": score.stderr if score else None,
            "low": score.low if score else None,
            "high": score.high if score else None,
            "unparsed": score.unparsed if score else 0,
            "behind": self.behind,
            "step": self.step,
            "origin": str(self.origin),
            "pinned": pinned,
            "dropped": dropped,
            "in_prompt": in_prompt,
        }

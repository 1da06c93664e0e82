"""Benchmarks: what is fast, measured against something that anyone can measure too.

`python -m tests.benchmarks` runs them all. To add one, write a module in this folder with a
function `rows()` that returns `Row`s, and add its name to `tests.benchmarks.__main__.ALL`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        name: What was measured.
        ours: The figure of this program.
        reference: What it is held against, measured in the same run; None for none.
        unit: Of both.
        limit: The most that the ratio (the figure, without a reference) may be; None for none.
    """

    name: str
    ours: float
    reference: float | None = None
    unit: str = "ms"
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours in units of the reference."""
        return self.ours / self.reference if self.reference else None

    @property
    def kept(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        value = self.ratio if self.reference else self.ours
        return None if self.limit is None or value is None else value <= self.limit


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

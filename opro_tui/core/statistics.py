"""What may be claimed about a score; formulas and their limits in `reference/statistics.md`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from opro_tui.core.grades import pack
from opro_tui.core.solution import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Z95 = 1.96
RESAMPLES = 1000


def mean(values: Sequence[float]) -> float:
    """The mean; the same for any order of the values."""
    return math.fsum(values) / len(values)


def standard_error(values: Sequence[float]) -> float | None:
    """The standard error of the mean (sample standard deviation / √n); None below two values."""
    if len(values) < 2:
        return None
    centre = mean(values)
    squares = math.fsum((value - centre) ** 2 for value in values)
    return math.sqrt(squares / (len(values) - 1) / len(values))


def wilson(right: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of a share; it has width at 0 % and 100 % too.

    Args:
        right: How many of n were right.
        n: How many there were; at 0 the interval is all of 0–1.
        z: Standard normal quantile; 1.96 gives 95 %.
    """
    if n == 0:
        return 0.0, 1.0
    share = right / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # The bounds hold the share exactly at 0 and 1 but for rounding.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))


def bootstrap(
    values: Sequence[float], seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The seeded 95 % percentile bootstrap interval of the mean."""
    if len(values) < 2 or min(values) == max(values):
        return (values[0], values[0]) if values else (math.nan, math.nan)
    source = Random(seed)
    n = len(values)
    means = sorted(math.fsum(source.choices(values, k=n)) / n for _ in range(resamples))
    tail = resamples * 25 // 1000
    return means[tail], means[resamples - 1 - tail]


def discordant(first: Sequence[float | None], second: Sequence[float | None]) -> tuple[int, int]:
    """How often the first beat the second and lost to it, on the examples both have."""
    wins = losses = 0
    for one, other in zip(first, second, strict=True):
        if one is not None and other is not None:
            wins += one > other
            losses += one < other
    return wins, losses


def mcnemar(wins: int, losses: int) -> float:
    """The exact two-sided McNemar p-value: only discordant examples speak."""
    n = wins + losses
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, k) for k in range(min(wins, losses) + 1))
    return min(1.0, 2 * tail / (1 << n))


@lru_cache(maxsize=4096)
def clopper_pearson(right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share, by bisection on the binomial tails; right to 1e-9."""
    if n == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if right == 0 else _root(lambda p: _at_least(right, n, p) - tail)
    high = 1.0 if right == n else _root(lambda p: tail - (1 - _at_least(right + 1, n, p)))
    return low, high


@lru_cache(maxsize=1024)
def student_t(freedom: int, level: float = 0.95) -> float:
    """The two-sided quantile of Student's t distribution, right to 1e-9 of its angle.

    Args:
        freedom: Degrees of freedom, 1 or more.
        level: The share of the distribution between −t and t.
    """
    quarter = math.pi / 2
    angle = quarter * _root(lambda share: _within(quarter * share, freedom) - level)
    return math.tan(angle) * math.sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    """P(|T| < √freedom · tan(angle)), by the finite series that whole degrees of freedom have."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term, series = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(1 + odd, freedom, 2):
        series += term
        term *= k / (k + 1) * cosine * cosine
    return (angle + sine * series) * 2 / math.pi if odd else sine * series


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % t-interval of the mean of independent repetitions.

    None below three of them, and where all are equal: that it happened thrice proves nothing.
    """
    error = standard_error(values)
    if error is None or len(values) < 3 or min(values) == max(values):
        return None
    half = student_t(len(values) - 1) * error
    centre = mean(values)
    return centre - half, centre + half


def _at_least(k: int, n: int, p: float) -> float:
    """P(Binomial(n, p) ≥ k)."""
    if p <= 0 or p >= 1:
        return float(k <= 0 or p >= 1)
    logs = (
        math.lgamma(n + 1)
        - math.lgamma(i + 1)
        - math.lgamma(n - i + 1)
        + i * math.log(p)
        + (n - i) * math.log1p(-p)
        for i in range(max(0, k), n + 1)
    )
    return math.fsum(map(math.exp, logs))


def _root(rising: Callable[[float], float]) -> float:
    """Where a rising function of a share crosses zero."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Difference:
    """Two solutions on the same examples, the second against the first.

    Attributes:
        gain: Mean score of the second minus that of the first.
        low: Lower end of the 95 % interval.
        high: Upper end of it.
        p: The exact McNemar p-value; None where scores aren't right or wrong.
        wins: Examples on which the second did better.
        losses: Examples on which it did worse.
        n: Examples that both have.
    """

    gain: float
    low: float
    high: float
    p: float | None
    wins: int
    losses: int
    n: int

    @property
    def real(self) -> bool:
        """Whether they differ beyond noise at 5 %."""
        return self.p < 0.05 if self.p is not None else self.low > 0 or self.high < 0


def difference(
    first: Sequence[float | None], second: Sequence[float | None], *, binary: bool, seed: int
) -> Difference | None:
    """The paired difference of two solutions; None without shared examples.

    For right/wrong scores McNemar's exact test decides, and the interval is its inversion: the
    exact interval of the winners' share among the discordant examples, as a difference of means.
    Other scores take the seeded paired bootstrap.
    """
    pairs = [
        (one, other)
        for one, other in zip(first, second, strict=True)
        if one is not None and other is not None
    ]
    if not pairs:
        return None
    n = len(pairs)
    wins, losses = discordant([b for _, b in pairs], [a for a, _ in pairs])
    gain = math.fsum(b - a for a, b in pairs) / n
    if not binary:
        low, high = bootstrap([b - a for a, b in pairs], seed)
        return Difference(gain, low, high, None, wins, losses, n)
    low, high = clopper_pearson(wins, wins + losses)
    # Without a discordant example the share of them may still be anything up to this.
    share = (wins + losses) / n or 1 - 0.05 ** (1 / n)
    return Difference(
        gain=gain,
        low=(2 * low - 1) * share,
        high=(2 * high - 1) * share,
        p=mcnemar(wins, losses),
        wins=wins,
        losses=losses,
        n=n,
    )


def distinguishable(
    first: Sequence[float | None], second: Sequence[float | None], *, binary: bool, seed: int = 0
) -> bool:
    """Whether two solutions differ beyond noise at 5 %, on the examples both have.

    Right/wrong scores take the exact McNemar test, others the paired bootstrap. Solutions without
    shared examples can't be told apart.
    """
    if not first or not second:
        return False
    if binary:
        return mcnemar(*discordant(first, second)) < 0.05
    pairs = zip(first, second, strict=True)
    gaps = [one - other for one, other in pairs if one is not None and other is not None]
    if len(gaps) < 2:
        return False
    low, high = bootstrap(gaps, seed)
    return low > 0 or high < 0


def expected_best(tries: int, share: float, n: int) -> float:
    """What the best of some equally good solutions reads on average: the winner's curse, exactly.

    Args:
        tries: How many solutions there are.
        share: The share of examples that each of them really gets right, 0–1.
        n: Examples that each is scored on.
    """
    # E[max] = Σ P(max ≥ k) over k, and the maximum stays below k when every single one does.
    below, total = 0.0, 0.0
    for k in range(n):
        below += math.comb(n, k) * share**k * (1 - share) ** (n - k)
        total += 1 - min(1.0, below) ** tries
    return total / n


FLATTERY = "87.1 on 40 examples, 83.7 on 80, 80.6 on 200, 79.9 on 261"
"""What the best of 20 equal solutions with the true score 75 reads, by `expected_best`."""


def score_of(
    values: Sequence[float | None],
    *,
    binary: bool,
    bounded: bool,
    seed: int,
    unparsed: int = 0,
    flagged: int = 0,
) -> Score | None:
    """The score of a solution from its grade on each training example (None: missing).

    A score that isn't bounded is computed exactly and has no uncertainty.

    Returns:
        None when every evaluation is missing.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    centre = mean(known)
    if not bounded:
        interval: tuple[float, float] = (centre, centre)
        error: float | None = 0.0
    else:
        error = standard_error(known)
        # A bootstrap of nothing but rights would claim certainty.
        shares = binary or all(value in (0.0, 1.0) for value in known)
        interval = wilson(math.fsum(known), len(known)) if shares else bootstrap(known, seed)
    return Score(
        value=centre,
        n=len(known),
        of=len(values),
        stderr=error,
        low=interval[0],
        high=interval[1],
        unparsed=unparsed,
        flagged=flagged,
        grades=pack(values),
    )

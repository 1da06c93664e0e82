"""What a step will cost, said before it is paid."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.usage import PICO, add_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class RoleForecast:
    """One role's share of a step.

    Attributes:
        role: optimizer, scorer or judge.
        calls: Requests that will be sent; those answered from the store are left out.
        input_tokens: Expected tokens read.
        output_tokens: Expected tokens written.
        low: Lower end of the range of all tokens.
        high: Upper end of it.
        cost_pico: Expected picodollars; None when the price is unknown.
        cost_low: Picodollars at the lower end.
        cost_high: Picodollars at the upper end.
        estimate_input: Tokens read by the plain estimate, before learning from earlier steps.
        estimate_output: Tokens written by the plain estimate.
    """

    role: str
    calls: int
    input_tokens: int
    output_tokens: int
    low: int
    high: int
    cost_pico: int | None
    cost_low: int | None
    cost_high: int | None
    estimate_input: int
    estimate_output: int

    def __add__(self, other: RoleForecast) -> RoleForecast:
        """Both together; an unknown price stays unknown where there are calls."""
        if not self.calls or not other.calls:
            return other if not self.calls else self
        return RoleForecast(
            role=self.role,
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            low=self.low + other.low,
            high=self.high + other.high,
            cost_pico=add_known(self.cost_pico, other.cost_pico),
            cost_low=add_known(self.cost_low, other.cost_low),
            cost_high=add_known(self.cost_high, other.cost_high),
            estimate_input=self.estimate_input + other.estimate_input,
            estimate_output=self.estimate_output + other.estimate_output,
        )

    def times(self, factor: float, inputs: float = 1.0) -> RoleForecast:
        """So many times the same, its input grown by another factor."""
        before = self.input_tokens + self.output_tokens
        after = self.input_tokens * inputs + self.output_tokens
        growth = factor * (after / before if before else 1.0)

        def grown(value: int | None) -> int | None:
            return None if value is None else round(value * growth)

        return replace(
            self,
            calls=round(self.calls * factor),
            input_tokens=round(self.input_tokens * factor * inputs),
            output_tokens=round(self.output_tokens * factor),
            low=round(self.low * growth),
            high=round(self.high * growth),
            cost_pico=grown(self.cost_pico),
            cost_low=grown(self.cost_low),
            cost_high=grown(self.cost_high),
        )

    def stored(self) -> dict[str, Any]:
        """All fields, for the store."""
        return asdict(self)

    def to_json(self) -> dict[str, Any]:
        """The forecast of one role as `costs --json` prints it."""
        return {
            "tokens": self.input_tokens + self.output_tokens,
            "low": self.low,
            "high": self.high,
            "usd": None if self.cost_pico is None else self.cost_pico / PICO,
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """A step's forecast, by role."""

    roles: tuple[RoleForecast, ...] = ()

    @property
    def cost_range(self) -> tuple[float, float] | None:
        """Dollars from and to; None when a role that will be called has no known price."""
        low = high = 0
        for role in self.roles:
            if role.calls and (role.cost_low is None or role.cost_high is None):
                return None
            low += role.cost_low or 0
            high += role.cost_high or 0
        return low / PICO, high / PICO

    @property
    def token_range(self) -> tuple[int, int]:
        """Tokens from and to."""
        return sum(role.low for role in self.roles), sum(role.high for role in self.roles)

    @property
    def calls(self) -> int:
        """Requests that will be sent."""
        return sum(role.calls for role in self.roles)

    def __add__(self, other: Forecast) -> Forecast:
        """Both together, role by role."""
        found: dict[str, RoleForecast] = {}
        for role in (*self.roles, *other.roles):
            found[role.role] = found[role.role] + role if role.role in found else role
        return Forecast(tuple(found.values()))

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Role to its forecast, as `costs --json` prints it."""
        return {role.role: role.to_json() for role in self.roles}

    def stored(self) -> list[dict[str, Any]]:
        """All fields of all roles, for the store."""
        return [role.stored() for role in self.roles]

    @classmethod
    def restored(cls, data: Iterable[Mapping[str, Any]]) -> Forecast:
        """The reverse of `stored`."""
        return cls(tuple(RoleForecast(**item) for item in data))

"""Temperature schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opro_tui.core.settings import Settings

PAPER_STEPS = 200
"""How long a linear schedule runs where no step limit is set: the paper's number of steps."""


def temperature_at(settings: Settings, step: int) -> float:
    """The optimizer's temperature in a step (1 is the first).

    `linear:END` goes from the temperature at step 1 to END at the last step, and stays there.
    """
    name, _, end = settings.schedule.partition(":")
    if name != "linear":
        return settings.temperature
    last = settings.max_steps or PAPER_STEPS
    share = 1.0 if last <= 1 else min(1.0, max(0, step - 1) / (last - 1))
    return round(settings.temperature + (float(end) - settings.temperature) * share, 6)

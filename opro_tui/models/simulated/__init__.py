"""Simulated optimizer, scorer and judge: deterministic by seed, free, and evidence of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.models.simulated.model import SimulatedModel

if TYPE_CHECKING:
    from opro_tui.core.protocols import Model

__all__ = ["create_simulated"]


def create_simulated(role: str, seed: int) -> Model:
    """Make the model that `simulated` names, for one role of a session.

    Args:
        role: `optimizer`, `scorer` or `judge`.
        seed: What all its answers, and for the scorer the whole landscape, depend on.

    Returns:
        A model that needs no key and no network.

    Raises:
        BadInput: The role is unknown, or the latency variable holds no number of seconds.
    """
    return SimulatedModel(role, seed)

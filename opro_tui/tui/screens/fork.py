"""A layer that makes a fork under other conditions: what changes, what it buys, its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Input, Static

from opro_tui.core.errors import OproError
from opro_tui.tui import background, sessions_view
from opro_tui.tui.edit_words import setting_value
from opro_tui.tui.format import plain, plural, safe
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.view import forecast_amount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from textual.app import ComposeResult

    from opro_tui.engine.fork import Plan
    from opro_tui.engine.fork_price import ForkPrice
    from opro_tui.tui.steering import Steering


class ForkLayer(Layer[str]):
    """Makes the fork and answers its name; Escape makes none.

    Args:
        steering: The parent.
        values: The settings that shall differ.
        note: Why.
    """

    def __init__(self, steering: Steering, values: Mapping[str, Any], note: str) -> None:
        changed = ", ".join(name.replace("_", "-") for name in values)
        super().__init__(f"Fork with another {changed}")
        self.steering = steering
        self.values = values
        self.note = note
        self.planned: Plan | None = None

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box():
            yield Static(Content("working out what it buys…"), id="text")
            yield Input(id="value", select_on_focus=True)
            yield Static(Content(""), id="problem")
            yield Static(Content("Enter makes the fork · Escape goes back"), id="hint")

    def on_mount(self) -> None:
        """Begin to work it out."""
        self.query_one(Input).border_title = "the fork's name"
        self.query_one(Input).focus()
        background.start(self, "plan", self._plan)

    async def _plan(self) -> None:
        try:
            name = await self.steering.free_name(f"{self.steering.name}-fork"[:90])
            self.planned, priced = await self.steering.plan_fork(self.values, self.note)
        except OproError as error:
            self.query_one("#text", Static).update(Content(""))
            self._complain(f"✕ {self.steering.what_failed(error)}")
            return
        field = self.query_one(Input)
        if not field.value:
            field.value = name
            field.action_select_all()
        self.query_one("#text", Static).update(plain(words(self.planned, priced)))

    def on_input_changed(self) -> None:
        """Say what is wrong with the name while it is typed."""
        name = self.query_one(Input).value.strip()
        problem = sessions_view.name_problem(name, ()) if name else None
        if self.planned is not None:
            self._complain(f"✕ {problem}" if problem else "")

    async def on_input_submitted(self) -> None:
        """Make the fork, once it is known what it buys."""
        name = self.query_one(Input).value.strip()
        problem = sessions_view.name_problem(name, ())
        if self.planned is None or problem:
            self._complain(f"✕ {problem}" if problem else "Its price is still being worked out.")
            return
        try:
            await self.steering.make_fork(self.planned, name)
        except OproError as error:
            self._complain(f"✕ {self.steering.what_failed(error)}")
            return
        self.dismiss(name)

    def _complain(self, text: str) -> None:
        self.query_one("#problem", Static).update(plain(text))


def words(planned: Plan, priced: ForkPrice) -> str:
    """What changes, what is taken over and what has to be bought, for a person to decide by."""
    lines = [
        f"{name.replace('_', '-')}: {setting_value(before)} → {setting_value(after)}"
        for name, (before, after) in planned.changed.items()
    ]
    if not planned.afresh:
        return "\n".join([*lines, "", "It shares this session's past; nothing is paid twice."])
    why = (
        "Scores before and after would not compare, so that the fork shows none of"
        f" {safe(planned.parent.name, 60)}'s. It takes over its task, settings, texts and marks,"
        " and the solutions that the next prompt would show. Its step 0 scores them anew."
    )
    amount = (
        f"Step 0: {plural(priced.solutions, 'solution')} × {plural(priced.examples, 'example')} ="
        f" {plural(priced.answers, 'answer')}, {priced.stored:,} of them there already."
    )
    lines += ["", why, "", amount]
    if priced.missing or priced.judgements:
        judged = f" and {plural(priced.judgements, 'judgement')}" if priced.judgements else ""
        amount = forecast_amount(priced.forecast)
        lines.append(f"To buy: {priced.missing:,}{judged}, ≈ {amount}.")
    else:
        lines.append("Nothing has to be bought for it.")
    return "\n".join([*lines, "Making it spends nothing; its first step does."])

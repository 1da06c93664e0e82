"""`meta-prompt`: the exact text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opro_tui.cli.command import Command
from opro_tui.cli.opening import opened, wait_for

if TYPE_CHECKING:
    from opro_tui.cli.root import App


@click.command(
    "meta-prompt",
    cls=Command,
    example="opro-tui meta-prompt triage\nopro-tui meta-prompt triage --step 3 --json",
)
@click.argument("name")
@click.option("--step", type=click.IntRange(0), metavar="N", help="That step's [default: the next]")
@click.option("--json", "as_json", is_flag=True, help="With regions, tokens and forecast.")
@click.pass_obj
def meta_prompt_command(app: App, name: str, step: int | None, as_json: bool) -> int:
    """Print the exact next meta-prompt, or the one that a step sent. Nothing is spent."""
    return wait_for(_print(app, name, step, as_json))


async def _print(app: App, name: str, step: int | None, as_json: bool) -> int:
    from opro_tui.cli import output

    async with opened(app, name) as (_, session):
        prompt = await session.meta_prompt(step)
        if not as_json:
            output.exact(prompt.text)
            if step is None and not session.state.steps and session.state.waiting_ids:
                output.note(
                    "step 0 is still to come: the starting solutions stand here once scored"
                )
            return 0
        past = next((s for s in session.state.steps if s.number == step and s.prompt), None)
        forecast = past.started.forecast if past else await session.forecast()
        output.document(
            {
                "text": prompt.text,
                "regions": [
                    {"start": r.start, "end": r.end, "kind": r.kind, "id": r.id}
                    for r in prompt.regions
                ],
                "tokens": past.prompt.tokens
                if past and past.prompt
                else await session.prompt_tokens(prompt.text),
                "forecast": forecast.to_json(),
            }
        )
    return 0

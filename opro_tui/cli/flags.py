"""Flags for settings, made from the one table of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from opro_tui.cli.command import headed
from opro_tui.core.settings import DEFINITIONS, PER_ROLE, STARRED, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opro_tui.core.settings import Definition

    F = TypeVar("F", bound=Callable[..., Any] | click.Command)

_HEADINGS = {
    "Task": "task data_dir input target header metric train test seed position qa"
    " rubric judge_repeats",
    "Models": "optimizer optimizer_url scorer scorer_url judge judge_url temperature schedule"
    " scorer_temperature judge_temperature replicate max_output_tokens reasoning_effort"
    " concurrency",
    "Meta-prompt": "shown threshold order score_buckets score_uncertainty exemplars"
    " exemplar_choice exemplar_errors critique meta_style",
    "Search": "candidates proposals request_size max_length scoring review",
    "Limits": "max_steps patience budget budget_tokens stop_after stop_after_tokens",
}
_HEADING = {name: heading for heading, names in _HEADINGS.items() for name in names.split()}
_DEFAULTS = Settings()
OTHER = "Other settings"
MOST_STEPS = click.IntRange(1, 1_000_000)
"""How many steps a command runs; as many as the setting max-steps takes."""


def option_for(definition: Definition, *, defaults: bool, hidden: bool = False) -> click.Option:
    """The option of a setting.

    Args:
        definition: The setting.
        defaults: Whether the help says what holds when the flag isn't given.
        hidden: Whether the help leaves it out.
    """
    default = getattr(_DEFAULTS, definition.name)
    help_ = definition.help
    if isinstance(default, bool):
        names = f"{definition.flag}/--no-{definition.flag[2:]}"
        if defaults:
            help_ += f" [default: {'yes' if default else 'no'}]"
        option = click.Option(
            [definition.name, names], default=None, is_flag=True, help=help_, hidden=hidden
        )
    else:
        several = definition.name in PER_ROLE
        if defaults and default not in (None, ()) and definition.name != "task":
            shown = _DEFAULTS.to_json()[definition.name]
            help_ += f" [default: {shown}]"
        option = click.Option(
            [definition.name, definition.flag],
            multiple=several,
            metavar=definition.metavar,
            help=help_ + ("; repeatable" if several else ""),
            hidden=hidden,
        )
    return headed(option, _HEADING.get(definition.name, OTHER))


def settings_flags(*, starred_only: bool, defaults: bool | None = None) -> Callable[[F], F]:
    """Decorate a command with a flag for each setting.

    Args:
        starred_only: Whether only what may change between steps is shown and has no defaults; the
            others are then hidden, so that the engine can say why they can't change.
        defaults: Whether the help says what holds when a flag isn't given; default: unless only
            what may change is shown.
    """

    def decorate(command: F) -> F:
        options = [
            option_for(
                definition,
                defaults=not starred_only if defaults is None else defaults,
                hidden=starred_only and definition.name not in STARRED,
            )
            for definition in DEFINITIONS
        ]
        order = [*_HEADINGS, OTHER]
        options.sort(key=lambda option: order.index(option.heading))  # type: ignore[attr-defined]
        if isinstance(command, click.Command):
            command.params.extend(options)
        return command

    return decorate


def given_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, out of a command's parameters, which they are taken from."""
    names = {definition.name for definition in DEFINITIONS}
    return {
        name: value
        for name, value in values.items()
        if name in names and value is not None and value != ()
    }

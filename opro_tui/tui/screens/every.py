"""Every screen with keys of its own, for what has to know all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opro_tui.tui.bindings import commands_of
from opro_tui.tui.commands import COMMANDS
from opro_tui.tui.screens.compare import CompareScreen
from opro_tui.tui.screens.costs import CostsScreen
from opro_tui.tui.screens.detail import DetailScreen
from opro_tui.tui.screens.differences import Differences
from opro_tui.tui.screens.editor import Editor
from opro_tui.tui.screens.exemplars import Exemplars
from opro_tui.tui.screens.history import HistoryLayer
from opro_tui.tui.screens.layers import Reader
from opro_tui.tui.screens.lineage import LineageLayer
from opro_tui.tui.screens.look_alikes import LookAlikes
from opro_tui.tui.screens.measure import MeasureScreen
from opro_tui.tui.screens.new_session.screen import NewSession
from opro_tui.tui.screens.problem import Problem
from opro_tui.tui.screens.replay import ReplayScreen
from opro_tui.tui.screens.settings import SettingsLayer
from opro_tui.tui.screens.template_editor import TemplateEditor
from opro_tui.tui.screens.trial import TrialScreen
from opro_tui.tui.session_commands import SESSION_COMMANDS

if TYPE_CHECKING:
    from textual.screen import Screen

    from opro_tui.tui.commands import Command

SCREENS: tuple[type[Screen[Any]], ...] = (
    DetailScreen,
    TrialScreen,
    CostsScreen,
    ReplayScreen,
    CompareScreen,
    MeasureScreen,
    NewSession,
    Exemplars,
    Differences,
    LookAlikes,
    LineageLayer,
    SettingsLayer,
    HistoryLayer,
    TemplateEditor,
    Editor,
    Problem,
    Reader,
)


def tables() -> tuple[tuple[Command, ...], ...]:
    """The commands of every screen, a table for each; the workbench's first."""
    return (COMMANDS, SESSION_COMMANDS, *(commands_of(screen) for screen in SCREENS))

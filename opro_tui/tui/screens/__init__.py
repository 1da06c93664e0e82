"""The workbench and what opens over it, each imported when it is first asked for here.

Importing them all took as long as everything else before the first paint. Those who only open a
screen say `screens.DetailScreen`; `warming` imports the rest once the first one is painted.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opro_tui.tui.screens import ask
    from opro_tui.tui.screens.ablation import AblationScreen
    from opro_tui.tui.screens.choose import Choose
    from opro_tui.tui.screens.compare import CompareScreen
    from opro_tui.tui.screens.costs import CostsScreen
    from opro_tui.tui.screens.detail import DetailScreen
    from opro_tui.tui.screens.differences import Differences
    from opro_tui.tui.screens.editor import Editor
    from opro_tui.tui.screens.exemplars import Exemplars
    from opro_tui.tui.screens.fork import ForkLayer
    from opro_tui.tui.screens.help import HelpLayer
    from opro_tui.tui.screens.history import HistoryLayer
    from opro_tui.tui.screens.layers import Prompt, Question, Reader
    from opro_tui.tui.screens.lineage import LineageLayer
    from opro_tui.tui.screens.look_alikes import LookAlikes
    from opro_tui.tui.screens.measure import MeasureScreen
    from opro_tui.tui.screens.new_eyes import NewEyesScreen
    from opro_tui.tui.screens.new_session.screen import NewSession
    from opro_tui.tui.screens.problem import Problem
    from opro_tui.tui.screens.replay import ReplayScreen
    from opro_tui.tui.screens.sessions import SessionsScreen
    from opro_tui.tui.screens.settings import SettingsLayer
    from opro_tui.tui.screens.template_editor import TemplateEditor
    from opro_tui.tui.screens.trial import TrialScreen

__all__ = [
    "AblationScreen",
    "Choose",
    "CompareScreen",
    "CostsScreen",
    "DetailScreen",
    "Differences",
    "Editor",
    "Exemplars",
    "ForkLayer",
    "HelpLayer",
    "HistoryLayer",
    "LineageLayer",
    "LookAlikes",
    "MeasureScreen",
    "NewEyesScreen",
    "NewSession",
    "Problem",
    "Prompt",
    "Question",
    "Reader",
    "ReplayScreen",
    "SessionsScreen",
    "SettingsLayer",
    "TemplateEditor",
    "TrialScreen",
    "ask",
]

PLACES = {
    "HelpLayer": "help",
    "DetailScreen": "detail",
    "Reader": "layers",
    "Question": "layers",
    "Prompt": "layers",
    "SettingsLayer": "settings",
    "TemplateEditor": "template_editor",
    "Editor": "editor",
    "Exemplars": "exemplars",
    "CostsScreen": "costs",
    "ReplayScreen": "replay",
    "HistoryLayer": "history",
    "TrialScreen": "trial",
    "Differences": "differences",
    "LineageLayer": "lineage",
    "LookAlikes": "look_alikes",
    "NewEyesScreen": "new_eyes",
    "Choose": "choose",
    "CompareScreen": "compare",
    "MeasureScreen": "measure",
    "ForkLayer": "fork",
    "Problem": "problem",
    "SessionsScreen": "sessions",
    "NewSession": "new_session.screen",
    "AblationScreen": "ablation",
}
"""Which module a screen is in, those that are opened most often first."""
MODULES = tuple(dict.fromkeys(PLACES.values()))


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class, or the module of questions
    """Import what is asked for."""
    if name == "ask":
        return import_module(f"{__name__}.ask")
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
    globals()[name] = found
    return found

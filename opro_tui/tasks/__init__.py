"""What is optimized: prompt tasks on data, and tasks that compute their score."""

from opro_tui.tasks.data import Source
from opro_tui.tasks.factory import Loaded, TaskOptions, load, python_references, restore
from opro_tui.tasks.presets import preset_names

__all__ = [
    "Loaded",
    "Source",
    "TaskOptions",
    "load",
    "preset_names",
    "python_references",
    "restore",
]

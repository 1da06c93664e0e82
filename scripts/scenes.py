"""The scenes of which pictures are taken: add a line here, run take_pictures.py, look at the PNG.

Each scene starts from the same demo session after three steps, a pin, a drop and a temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDE = (120, 40)
SMALL = (80, 24)


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture to take.

    Attributes:
        name: The file's name; the size is added.
        keys: What to press, one after the other; the app settles after each. A key that starts
            with `type:` is typed letter by letter; `fail:CODE:WORDS` lets a run end so.
        sizes: The terminal's sizes, in cells.
        theme: The theme.
        browser: Whether it starts from the list of sessions rather than the workbench.
        chart: Which characters draw the chart.
        checked: Whether the tests compare its picture with the screen; some do, for time's sake.
    """

    name: str
    keys: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = (WIDE,)
    theme: str = "opro-dark"
    browser: bool = False
    chart: str = "blocks"
    checked: bool = False


BOTH = (WIDE, SMALL)

RATE_LIMIT = (
    "fail:error:openai/gpt-x at https://api.openai.com/v1: too many requests (HTTP 429): "
    "Rate limit reached for requests per minute. Run again later."
)

SCENES: tuple[Scene, ...] = (
    Scene("workbench", sizes=BOTH, checked=True),
    Scene("workbench-light", theme="opro-light"),
    Scene("workbench-contrast", theme="opro-contrast"),
    Scene("sessions", sizes=BOTH, browser=True),
    Scene("new-session", ("n", "type:sums"), BOTH, browser=True),
    Scene("settings", ("comma", *["down"] * 2), BOTH),
    Scene(
        "setting-edit",
        ("comma", *["down"] * 2, "enter", "type:9", "tab", "type:bolder"),
    ),
    Scene("history", ("H",), BOTH),
    Scene("chart", ("C", "left", "left"), BOTH),
    Scene("help", ("question_mark",), BOTH, checked=True),
    Scene("help-search", ("question_mark", "type:copy"), (SMALL,)),
    Scene("copy", ("y",), (SMALL,)),
    Scene("review", ("V", "s", "shift+tab", "space", "space"), BOTH),
    Scene("selection", ("V", "s", "shift+tab", "space", "s"), (SMALL,)),
    Scene("details", ("down", "down", "enter", "w"), BOTH),
    Scene("look-alikes", ("l",), BOTH),
    Scene("try", ("T", "T"), BOTH),
    Scene("filter", ("slash", "type:step:2-3 shown"), (SMALL,)),
    Scene("meta-prompt", (*["shift+tab"] * 2, *"nnn"), BOTH),
    Scene("meta-prompt-past", (*["shift+tab"] * 2, "less_than_sign", *"nn"), (SMALL,)),
    Scene("template", ("e", "shift+tab", "down", "enter", "ctrl+end", "type:Mind {this}."), BOTH),
    Scene("differences", ("D", "t", "n"), BOTH),
    Scene("costs", ("dollar_sign",), BOTH),
    Scene("replay", ("P", "home", "s", "s", "b"), BOTH),
    Scene("confirm", ("F", "s", "s"), BOTH),
    Scene("exemplars", ("E", "p", "down", "d", "down"), BOTH),
    Scene("exemplars-search", ("E", "slash", "type:more than"), (SMALL,)),
    Scene(
        "problem",
        (RATE_LIMIT,),
        BOTH,
        checked=True,
    ),
)

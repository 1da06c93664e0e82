"""The scenes of which pictures are taken: add a line here, run take_pictures.py, look at the PNG.

Most scenes start from the demo session after three steps, a pin, a drop and a temperature; the
other grounds are in grounds.py. Every screen and every dialog has its scene, at both sizes unless
one of them shows all that there is to see.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDE = (120, 40)
SMALL = (80, 24)
TINY = (60, 20)
BOTH = (WIDE, SMALL)


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture to take.

    Attributes:
        name: The file's name; the size is added.
        keys: What to press, one after the other; the app settles after each. A key that starts
            with `type:` is typed letter by letter; `fail:CODE:WORDS` lets a run end
            so, and `dear:WHY` asks before a dear step.
        sizes: The terminal's sizes, in cells.
        theme: The theme.
        browser: Whether it starts from the list of sessions rather than the workbench.
        chart: Which characters draw the chart.
        ground: The sessions that it starts from, a name in grounds.py.
        latency: Seconds that a simulated model takes; more than none shows a step under way.
    """

    name: str
    keys: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = BOTH
    theme: str = "opro-dark"
    browser: bool = False
    chart: str = "blocks"
    ground: str = "demo"
    latency: float = 0.0

    @property
    def pictures(self) -> dict[str, tuple[int, int]]:
        """The name of each of its pictures, and the size."""
        return {f"{self.name}-{width}x{height}": (width, height) for width, height in self.sizes}


RATE_LIMIT = (
    "fail:error:openai/gpt-x at https://api.openai.com/v1: too many requests (HTTP 429): "
    "Rate limit reached for requests per minute. Run again later."
)
DEAR = "dear:This step is expected to cost $1.10–1.40; the steps before cost about $0.061 each."
LONG = "type:Work the problem out in numbered steps."
PROMPT = ("shift+tab", "shift+tab")
"""From the candidates to the meta-prompt."""
TO_LIST = "shift+tab"
REVIEW = ("V", "s", TO_LIST)

WORKBENCH = (
    Scene("workbench", sizes=(*BOTH, TINY)),
    Scene("workbench-light", sizes=(WIDE,), theme="opro-light"),
    Scene("workbench-contrast", sizes=(WIDE,), theme="opro-contrast"),
    Scene("workbench-ansi-dark", sizes=(WIDE,), theme="ansi-dark"),
    Scene("workbench-ansi-light", sizes=(WIDE,), theme="ansi-light"),
    Scene("workbench-fresh", ground="fresh"),
    Scene("workbench-regression", ground="lines"),
    Scene("workbench-tours", ground="tours"),
    Scene("workbench-racing", (TO_LIST, "b"), ground="raced"),
    Scene("workbench-judged", ground="judged"),
    Scene("map", ("C", "full_stop", "j", "j"), ground="lines"),
    Scene("map-light", ("C", "full_stop", "j", "j", "plus"), (WIDE,), "opro-light", ground="lines"),
    Scene("tour", ("C", "full_stop", "j", "j", "j"), ground="tours"),
    Scene("tour-braille", ("C", "full_stop", "j", "j", "j"), chart="braille", ground="tours"),
    Scene("running", ("s", "m", "escape"), latency=1.0),
    Scene("running-stopped", ("s", "x"), (SMALL,), latency=1.0),
    Scene("zoom", ("z",)),
    Scene("chart", ("C", "left", "left")),
    Scene("chart-ascii", ("C",), (SMALL,), chart="ascii"),
    Scene("filter", ("slash", "type:step:2-3 shown")),
    Scene("filter-candidates", (TO_LIST, "slash", "type:unread"), (SMALL,)),
    Scene("help", ("question_mark",)),
    Scene("help-search", ("question_mark", "type:copy")),
    Scene("palette", ("colon", "type:comp")),
    Scene("messages", ("m",)),
    Scene("copy", ("y",)),
)

QUESTIONS = (
    Scene("ask-run", ("r",)),
    Scene("ask-run-wrong", ("r", "type:0"), (SMALL,)),
    Scene("ask-dear", (DEAR,)),
    Scene("ask-leave", ("s", "q"), latency=1.0),
    Scene("ask-temperature", ("t",)),
    Scene("ask-fixed", ("comma", "G", "enter", "type:no", "enter")),
    Scene("ask-fork", ("f",)),
    Scene("ask-fork-name", ("f", "enter")),
    Scene("ask-rescore", ("R",)),
    Scene("ask-confirm", ("F", "s")),
    Scene("problem", (RATE_LIMIT,)),
    Scene("problem-light", (RATE_LIMIT,), (SMALL,), theme="opro-light"),
)

EDITS = (
    Scene("add", ("a", LONG)),
    Scene("reword", ("w",)),
    Scene("settings", ("comma", *["down"] * 2)),
    Scene("setting-fixed", ("comma", "G", "enter"), (SMALL,)),
    Scene("setting-edit", ("comma", *["down"] * 2, "enter", "type:9", "tab", "type:bolder")),
    Scene("history", ("H",)),
    Scene("history-filter", ("H", "slash", "type:pin"), (SMALL,)),
    Scene("history-edit", ("H", "enter"), (SMALL,)),
    Scene("review", (*REVIEW, "space", "space")),
    Scene("ask-selection", (*REVIEW, "space", "s")),
    Scene("meta-prompt", (*PROMPT, *"nnn")),
    Scene("meta-prompt-past", (*PROMPT, "less_than_sign", *"nn")),
    Scene("template", ("e", "shift+tab", "down", "enter", "ctrl+end", "type:Mind {this}.")),
    Scene("differences", ("D", "t", "n")),
    Scene("differences-by-hand", ("D",), (SMALL,)),
    Scene("exemplars", ("E", "p", "down", "d", "down")),
    Scene("exemplars-search", ("E", "slash", "type:more than")),
    Scene("exemplar", ("E", "down", "enter"), (SMALL,)),
)

LOOKING = (
    Scene("details", ("down", "down", "enter", "w")),
    Scene("details-beside", ("down", "down", "enter", "b"), (SMALL,)),
    Scene("details-judged", ("down", "enter"), ground="judged"),
    Scene("details-keys", ("enter", "question_mark"), (SMALL,)),
    Scene("look-alikes", ("l",)),
    Scene("lineage", ("L",)),
    Scene("null-arm", ("A",)),
    Scene("about", ("I",)),
    Scene("try", ("T", "T")),
    Scene("try-choose", ("T", "b")),
    Scene("costs", ("B",)),
    Scene("replay", ("P", "home", "s", "s", "s")),
    Scene("replay-tour", ("P", "home", "s", "s"), (WIDE,), ground="tours"),
    Scene("replay-map", ("P", "p", "home", "s", "s"), (SMALL,), ground="lines"),
    Scene("confirm", ("F", "s", "s")),
    Scene("new-eyes", ("N", "type:regex", "enter", "type:(\\d)", "enter")),
    Scene("new-eyes-answers", ("N", "type:regex", "enter", "type:(\\d)", "enter", "enter")),
    Scene("new-eyes-rebuilt", ("N", "escape", "c", "enter", "type:4", "enter")),
    Scene("evaluate", ("X",)),
    Scene("evaluated", ("X", "s", "s")),
    Scene("compare-choose", ("W",), ground="pair"),
    Scene("compare", ("W", "enter"), ground="pair"),
)

BROWSER = (
    Scene("sessions", browser=True, ground="pair"),
    Scene("sessions-empty", browser=True, ground="empty"),
    Scene("sessions-search", ("slash", "type:demo"), (SMALL,), browser=True, ground="pair"),
    Scene("sessions-help", ("question_mark",), browser=True, ground="pair"),
    Scene("ablation", ("A", "down"), browser=True, ground="ablation"),
    Scene("ablation-one", ("A", "right_square_bracket"), (WIDE,), browser=True, ground="ablation"),
    Scene("ask-delete", ("down", "down", "x"), browser=True, ground="pair"),
    Scene("ask-rename", ("r", "type:tours"), (SMALL,), browser=True, ground="pair"),
    Scene("new-session", ("n", "type:sums"), browser=True),
    Scene("new-session-empty", ("n",), browser=True, ground="empty"),
    Scene("new-session-file", ("n", "type:data/tickets.jsonl"), browser=True),
    Scene("new-session-choose", ("n", "down"), browser=True),
    Scene("new-session-help", ("n", "f1"), (SMALL,), browser=True),
    Scene("ask-discard", ("n", "type:sums", "escape"), (SMALL,), browser=True),
    Scene("pick-file", ("n", "ctrl+o", "type:data/", "down", "down"), browser=True),
)

SCENES: tuple[Scene, ...] = (*WORKBENCH, *QUESTIONS, *EDITS, *LOOKING, *BROWSER)
PICTURES = {name: (scene, size) for scene in SCENES for name, size in scene.pictures.items()}
"""Every picture's scene and size."""

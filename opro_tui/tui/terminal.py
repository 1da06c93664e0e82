"""What is said to the terminal itself, past the screen: clipboard, notices, title, mouse.

Everything here returns escape sequences; nothing writes them.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
from typing import TYPE_CHECKING

from opro_tui.tui.format import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

MOUSE_MODES = (1000, 1003, 1015, 1006)
MOUSE_ON = "".join(f"\x1b[?{mode}h" for mode in MOUSE_MODES)
MOUSE_OFF = "".join(f"\x1b[?{mode}l" for mode in MOUSE_MODES)
KEEP_TITLE = "\x1b[22;0t"
OLD_TITLE = "\x1b[23;0t"
FRAMES, SLOW_FRAMES = 15, 5
CLIPBOARD_BYTES = 75_000
"""Above this many terminals drop a copy in silence."""


def clipboard(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """OSC 52: the terminal puts the text into its clipboard, also over SSH."""
    data = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    return through(f"\x1b]52;c;{data}\x07", environ)


def through(sequence: str, environ: Mapping[str, str] = os.environ) -> str:
    """A sequence for the outer terminal, wrapped so that tmux lets it pass."""
    if not environ.get("TMUX"):
        return sequence
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def notice(title: str, text: str, environ: Mapping[str, str] = os.environ) -> str:
    """A desktop notification, in the one of two ways that the terminal is known to take."""
    head, body = (safe(part, 120).replace(";", ",") for part in (title, text))
    term = environ.get("TERM", "")
    if term.startswith(("rxvt", "foot")) or environ.get("VTE_VERSION"):
        return through(f"\x1b]777;notify;{head};{body}\x07", environ)
    return through(f"\x1b]9;{head}: {body}\x07", environ)


def title(text: str) -> str:
    """The window's title."""
    return f"\x1b]0;{safe(text, 120)}\x07"


def over_ssh(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal is at the other end of a network."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def frames_per_second(environ: Mapping[str, str] = os.environ) -> int:
    """How often what changes is drawn: as an eye can follow, over a network less often."""
    return SLOW_FRAMES if over_ssh(environ) else FRAMES


def clipboard_tool(
    environ: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> tuple[str, ...] | None:
    """The system's own clipboard command; None over SSH and where there is none."""
    if over_ssh(environ):
        return None
    tools: list[tuple[str, ...]] = []
    if platform == "darwin":
        tools.append(("pbcopy",))
    if environ.get("WAYLAND_DISPLAY"):
        tools.append(("wl-copy",))
    if environ.get("DISPLAY"):
        tools += [("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input")]
    path = environ.get("PATH")
    return next((tool for tool in tools if shutil.which(tool[0], path=path)), None)

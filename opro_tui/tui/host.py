"""The app's dealings with the terminal around it: clipboard, notices, title, mouse."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import signal
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import events
from textual.app import App
from textual.widgets import Input

from opro_tui.config import log_path
from opro_tui.paths import exists
from opro_tui.tui import bindings, screens, terminal, themes
from opro_tui.tui.early import APART, EarlyKeys
from opro_tui.tui.format import pictured, safe
from opro_tui.tui.later import Later
from opro_tui.tui.widgets.tones import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.driver import Driver

    from opro_tui.models import keys
    from opro_tui.tui import copying, crash, external
    from opro_tui.tui.options import Options
else:
    keys = Later("opro_tui.models.keys")
    copying = Later("opro_tui.tui.copying")
    crash = Later("opro_tui.tui.crash")
    external = Later("opro_tui.tui.external")

STYLES = Path(__file__).parent / "styles"
MORE_STYLES = tuple(
    STYLES / f"{name}.tcss" for name in ("layers", "detail", "prompt", "new_session", "history")
)
"""The style sheets that aren't read before the first paint."""
LONG_SECONDS = 20.0
"""A run of at least this length is announced although the person looks at the screen."""
TOOL_SECONDS = 2.0
KEPT_SECONDS = 3.0
"""How long answers that are on their way are waited for after a signal."""
LOOK_SECONDS = 0.02
_ACTING = re.compile(r"[^\u200c\u200d\ufe00-\ufe0f]+")
"""What fields of one line don't take as it is; scripts and emoji need the joiners."""
KILLED_SECONDS = 3.0
"""How long an ordered end may take after that; what came back is stored before."""


class Host(App[None]):
    """An app that speaks to its terminal.

    Args:
        options: What it may do.

    Attributes:
        freezes: Whether what a session holds is kept out of garbage collections, which stall the
            screen for a quarter of a second with a million evaluations. It holds for the whole
            process, so whoever starts the program says so.
        told_to_end: Whether a signal told it to.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(CLASSES)

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.freezes = False
        self.keys: Mapping[str, str] = {}
        self.mouse_taken = options.mouse
        self.early = EarlyKeys()
        self._began = 0.0
        self._titled = False
        self.told_to_end = False
        if not options.animations:
            self.animation_level = "none"
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.set_reactive(Host.theme, options.theme)
        self._colours = self.get_css_variables()
        self.stylesheet.set_variables(self._colours)

    def refresh_css(self, animate: bool = True) -> None:
        """Read the style sheet again in other colours; at the start they are the same."""
        colours = self.get_css_variables()
        if colours != self._colours:
            self._colours = colours
            super().refresh_css(animate)

    def read_styles(self) -> None:
        """Read the style sheets of what opens over the first screen, which needs them not yet."""
        unread = [path for path in MORE_STYLES if not self.stylesheet.has_source(str(path))]
        if unread:
            self.stylesheet.read_all(unread)
            self.stylesheet.reparse()
            if self.screen.is_modal:  # whoever was quick enough has opened one already
                self.stylesheet.update(self.screen)

    def send(self, sequence: str) -> None:
        """Write an escape sequence to the terminal."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    async def on_event(self, event: events.Event) -> None:
        """Keep what comes too early, and out of fields of one line what could act.

        Those fields draw what they hold as it is.
        """
        typed = isinstance(event, events.Key) and not event.is_forwarded
        if typed and self.early.keep(cast("events.Key", event), self.screen):
            return
        if isinstance(event, events.Paste) and isinstance(self.focused, Input):
            event = events.Paste(_ACTING.sub(lambda found: pictured(found[0]), event.text))
        await super().on_event(event)

    def on_filled(self) -> None:
        """The first screen is there to be used."""
        self.fill()

    def fill(self) -> None:
        """Do what was typed before the first screen was there to be used."""
        self.early.fill()
        # After what was asked for when it was filled, such as the focus.
        self.call_later(self._type_early)

    async def _type_early(self) -> None:
        event = self.early.take()
        if event is not None:
            await super().on_event(event)
            self.set_timer(APART, self._type_early)

    def on_loaded(self) -> None:
        """A replay was read."""
        self.load()

    def load(self) -> None:
        """Leave what was just read out of later garbage collections."""
        if self.freezes:
            gc.freeze()

    def unload(self) -> None:
        """Let garbage collections see again what was left out of them."""
        if self.freezes:
            gc.unfreeze()

    # Clipboard

    def copy_to_clipboard(self, text: str) -> None:
        """Send a text to the terminal's clipboard, and to the system's where that is here.

        What terminals are known to drop in silence is offered as a file instead.
        """
        self._clipboard = text
        if copying.too_long(text):
            self._offer_file(text)
            return
        self.send(terminal.clipboard(text))
        tool = None if self.is_headless else terminal.clipboard_tool()
        if tool is not None:
            self.run_worker(feed(tool, text), group="clipboard", exit_on_error=False)
        self.notify(copying.sent(text), markup=False)

    def _offer_file(self, text: str) -> None:
        def named(path: str | None) -> None:
            if path is not None:
                self.notify(safe(copying.write(path, text), 200), markup=False)

        self.push_screen(copying.ask_file(text, "opro-tui-copy.txt"), named)

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver for this system; on Unix one that outlives its terminal."""
        found: type[Driver] = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        from opro_tui.tui.driver import OutlivingDriver

        return OutlivingDriver

    def on_load(self) -> None:
        """Leave in order when told to end: answers kept, no mouse codes left in the shell.

        From before the terminal is changed.
        """
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(sign, self._killed, sign)

    def wind_up(self) -> None:
        """Send no more calls; those in flight are kept."""

    @property
    def calls_in_flight(self) -> bool:
        """Whether answers are on their way."""
        return False

    def _killed(self, sign: int) -> None:
        """Leave; a second signal doesn't wait, but a closed terminal may be told of twice."""
        code = 128 + sign
        if self.told_to_end:
            if sign != signal.SIGHUP:
                self.exit(return_code=code)
            return
        self.told_to_end = True
        watch = threading.Timer(KEPT_SECONDS + KILLED_SECONDS, os._exit, (code,))
        watch.daemon = True
        watch.start()
        self.wind_up()
        if self.calls_in_flight:
            self.run_worker(self._leave_in_order(code), group="killed", exit_on_error=False)
        else:
            self.exit(return_code=code)

    async def _leave_in_order(self, code: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KEPT_SECONDS):
                while self.calls_in_flight:  # noqa: ASYNC110 - a session tells nobody of it
                    await asyncio.sleep(LOOK_SECONDS)
        self.exit(return_code=code)

    # Pictures of the screen

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        """Save a picture of the screen for its owner alone, for it may show prompts and answers.

        Args:
            filename: The file's name; None makes one of the time.
            path: The folder; None takes the one for downloads, or the person's own without one.
            time_format: How the time is written in the name.
        """
        from platformdirs import user_downloads_path

        at = datetime.now().astimezone().strftime(time_format or "%Y%m%d-%H%M%S-%f")
        folder = Path(path) if path else user_downloads_path()
        if not path and not folder.is_dir():
            folder = Path.home()
        picture = keys.masked(self.export_screenshot())
        self.run_worker(
            self._save_picture(folder / (filename or f"opro-tui-{at}.svg"), picture),
            group="picture",
            exit_on_error=False,
        )
        return None

    async def _save_picture(self, file: Path, picture: str) -> None:
        words = await asyncio.to_thread(copying.write, str(file), picture)
        self.notify(safe(words, 200), title="Screenshot", markup=False)

    # Faults

    def _handle_exception(self, error: Exception) -> None:
        """End with a short report instead of Textual's, which prints the values of all variables.

        What Textual does besides is kept: the return code, and the error for a test's harness.
        """
        self._return_code = 1
        if self._exception is not None:
            return
        attachable = crash.record(error)
        log = log_path()
        self.panic(Text(crash.report(error, log if exists(log) else None, attachable)))
        self._exception = error
        self._exception_event.set()

    # Help

    def action_help_here(self) -> None:
        """Show every action of the screen on top."""
        if not isinstance(self.screen, screens.HelpLayer):
            table = bindings.commands_of(type(self.screen))
            self.push_screen(screens.HelpLayer(self.keys, table))

    async def action_page(self) -> None:
        """Read the text on top in `$PAGER`."""
        text = getattr(self.screen, "whole", "")
        if text and (problem := await external.read_outside(self, text)):
            self.notify(safe(problem, 200), markup=False, severity="warning")

    # Mouse

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, or take it back."""
        taken = self.toggle_mouse()
        words = "The terminal has the mouse: select text as usual. M takes it back."
        self.notify("The mouse works here again." if taken else words, markup=False)

    def toggle_mouse(self) -> bool:
        """Take the mouse from the terminal or give it back; returns whether it is taken now."""
        self.mouse_taken = not self.mouse_taken
        self.send(terminal.MOUSE_ON if self.mouse_taken else terminal.MOUSE_OFF)
        return self.mouse_taken

    # Notices

    def run_begins(self, name: str) -> None:
        """Remember when, and say in the window's title that it runs."""
        self._began = time.monotonic()
        self.entitle(f"{name}: running")

    def run_ends(self, name: str, text: str) -> None:
        """Tell the person who looks elsewhere, or who had to wait."""
        self.entitle(f"{name}: {text}")
        took = time.monotonic() - self._began if self._began else 0.0
        self._began = 0.0
        if took < LONG_SECONDS and self.app_focus:
            return
        if "bell" in self.options.notify:
            self.send("\x07")
        if "desktop" in self.options.notify:
            self.send(terminal.notice(f"OPRO TUI: {name}", text))

    def entitle(self, text: str) -> None:
        """Set the window's title; the old one comes back when the program ends."""
        if "title" not in self.options.notify:
            return
        if not self._titled:
            self._titled = True
            self.send(terminal.KEEP_TITLE)
        self.send(terminal.title(text))

    def restore_terminal(self) -> None:
        """Leave the terminal as it was."""
        if self._titled:
            self.send(terminal.OLD_TITLE)
        if self.mouse_taken != self.options.mouse:
            self.send(terminal.MOUSE_OFF)


async def feed(tool: tuple[str, ...], text: str) -> None:
    """Hand a text to a clipboard command; one that fails or hangs is let go in silence.

    The terminal has got the text as well, so that nothing is lost with it.
    """
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        process = await asyncio.create_subprocess_exec(
            *tool,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(os.environ),
        )
        try:
            data = text.encode("utf-8", "replace")
            await asyncio.wait_for(process.communicate(data), TOOL_SECONDS)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()

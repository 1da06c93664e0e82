from __future__ import annotations

from textual.screen import Screen


class NewSession(Screen[str]):
    def __init__(self, shelf: object) -> None:
        super().__init__()

"""The formats of `export`, by name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from opro_tui.engine.exchange.writing import write_json, write_jsonl

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opro_tui.config import Config
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store

FORMATS = ("json", "jsonl", "csv", "md", "html", "promptfoo", "dspy")


async def export(store: Store, name: str, config: Config, kind: str) -> AsyncIterator[str]:
    """A session in one of the formats, in pieces that end with a line break.

    Nothing in the text can steer a terminal, and all of it is valid UTF-8.

    Args:
        store: The database.
        name: The session's name.
        config: Providers and prices.
        kind: One of FORMATS; only json and jsonl can be imported again.

    Raises:
        BadInput: There is no such session, or it has nothing for that format.
    """
    if kind in ("json", "jsonl"):
        pieces = write_json(store, name) if kind == "json" else write_jsonl(store, name)
        async for piece in pieces:
            yield piece
        return
    from opro_tui.engine.session import Session

    session = await Session.open(store, name, config, readonly=True)
    try:
        yield await _text(store, session, kind)
    finally:
        await session.close()


async def _text(store: Store, session: Session, kind: str) -> str:
    if kind == "csv":
        from opro_tui.engine.exchange.table import trajectory_csv

        return trajectory_csv(session.state)
    if kind in ("md", "html"):
        from opro_tui.engine.exchange.ancestry import ancestry
        from opro_tui.engine.exchange.html import html_report
        from opro_tui.engine.exchange.markdown import markdown_report
        from opro_tui.engine.exchange.report import report_of

        report = await report_of(store, session)
        origin = await asyncio.to_thread(ancestry, session)
        report = replace(report, sections=(*report.sections[:1], *origin, *report.sections[1:]))
        return markdown_report(report) if kind == "md" else html_report(report)
    if kind == "promptfoo":
        from opro_tui.engine.exchange.promptfoo import promptfoo_config

        return promptfoo_config(session)
    from opro_tui.engine.exchange.dspy import dspy_program

    return dspy_program(session)

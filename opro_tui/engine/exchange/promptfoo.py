"""The best instruction as a configuration of promptfoo.

Promptfoo fills templates (`{{…}}`, `{%…%}`) in prompts and variables and loads files that a value
names; so braces of the instruction are written as templates of themselves, and examples that hold
such things are left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opro_tui.engine.exchange.carry import Carried, carried
from opro_tui.engine.exchange.report import SIMULATED
from opro_tui.engine.exchange.text import one_line
from opro_tui.engine.exchange.wire import dumps

if TYPE_CHECKING:
    from opro_tui.core.protocols import Example
    from opro_tui.core.settings import Settings
    from opro_tui.engine.session import Session

_MARKUP = re.compile(r"\{(?=[{%#]|$)|#(?=\})")
_SPECIAL = re.compile(r"\{[{%#]|#\}|^\s*[A-Za-z][\w+.-]*:")
_PROVIDERS = {
    "openai": "openai:chat",
    "openai-responses": "openai:responses",
    "anthropic": "anthropic:messages",
    "ollama": "ollama:chat",
}
_ASSERTIONS = {"exact": "equals", "json": "contains-json"}


def promptfoo_config(session: Session) -> str:
    """A promptfooconfig.yaml with the best solution in its position, the scorer and some tests.

    Raises:
        BadInput: The task has no prompt, or nothing is fully scored yet.
    """
    found = carried(session, "promptfoo", _fits)
    names, prompt = _prompt(session, found)
    lines = [
        f"# Solution {found.best.id}, the best of the opro-tui session {one_line(session.name)}.",
        f"# Its metric there is {one_line(found.metric)[:200]}; the assertions only come near it.",
        f"# The tests are {'held-out' if found.held_out else 'training'} examples.",
        "# Run it with: npx promptfoo@latest eval -c FILE",
    ]
    if session.record.simulated:
        lines.append(f"# {SIMULATED} Put a real provider in.")
    config: dict[str, Any] = {
        "description": "Best instruction found by opro-tui",
        "prompts": [prompt],
        "providers": [_provider(session.state.settings)],
        "tests": [
            _test(example, names, found.metric, session.state.settings.rubric)
            for example in found.examples
        ],
    }
    return "\n".join([*lines, *_yaml(config, "")]) + "\n"


def _fits(example: Example) -> bool:
    values = (example.input, example.target, *example.fields.values())
    return not any(_SPECIAL.search(value) for value in values)


def _prompt(session: Session, found: Carried) -> tuple[dict[str, str], str]:
    """Variable to column (empty: the question), and the chat messages as JSON.

    The task itself puts the request together, with marks where the example's texts belong.
    """
    mark = "\ue000"
    while mark in found.best.text:
        mark += "\ue000"
    model = session.task.examples[0]
    columns = ["", *model.fields]
    marks = {f"{mark}{number}\ue001": number for number in range(len(columns))}
    by_number = {number: text for text, number in marks.items()}
    fields = {column: by_number[number] for number, column in enumerate(columns) if number}
    request = session.task.messages(
        found.best.text, replace(model, input=by_number[0], fields=fields)
    )
    pattern = re.compile("(" + "|".join(map(re.escape, marks)) + ")")
    names: dict[str, str] = {}
    messages = []
    for message in request:
        parts = []
        for piece in pattern.split(message.content):
            if piece not in marks:
                parts.append(_MARKUP.sub(lambda found: f"{{{{ '{found[0]}' }}}}", piece))
                continue
            number = marks[piece]
            name = f"field_{number}" if number else "question"
            names[name] = columns[number]
            parts.append("{{" + name + "}}")
        messages.append({"role": message.role, "content": "".join(parts)})
    return names, dumps(messages)


def _test(
    example: Example, names: dict[str, str], metric: str, rubric: str | None
) -> dict[str, Any]:
    values = {
        name: example.fields.get(column, "") if column else example.input
        for name, column in names.items()
    }
    kind = _ASSERTIONS.get(metric, "icontains")
    assertion = (
        {"type": kind} if kind == "contains-json" else {"type": kind, "value": example.target}
    )
    if metric == "judge":
        # Its own judge asks in words of its own; a value that begins with `file:` would be loaded.
        words = _MARKUP.sub(lambda found: f"{{{{ '{found[0]}' }}}}", rubric or "")
        assertion = {"type": "llm-rubric", "value": f"Grade by this rubric:\n{words}"}
    return {"vars": values, "assert": [assertion]}


def _provider(settings: Settings) -> Any:  # noqa: ANN401 - a text, or an object with options
    provider, _, model = settings.scorer.partition("/")
    if not model or _MARKUP.search(model):
        return "echo"
    kind = _PROVIDERS.get(provider, "openai:chat")
    options: dict[str, Any] = {"temperature": settings.scorer_temperature}
    longest = settings.for_role("max_output_tokens", "scorer")
    if longest is not None:
        options["max_tokens"] = longest
    if settings.scorer_url is not None and not _MARKUP.search(settings.scorer_url):
        options["apiBaseUrl"] = settings.scorer_url
    return {"id": f"{kind}:{model}", "config": options}


def _yaml(value: Any, indent: str) -> list[str]:  # noqa: ANN401 - our own names, any texts
    """Block YAML in which every text is a JSON string, which YAML reads as it is."""
    lines = []
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for name, item in items:
        start = f"{indent}- " if name is None else f"{indent}{name}:"
        if not isinstance(item, dict | list) or not item:
            lines.append(f"{start.rstrip()} {dumps(item)}")
            continue
        inner = _yaml(item, indent + "  ")
        if name is None:
            inner[0] = start + inner[0].removeprefix(indent + "  ")
            lines += inner
        else:
            lines += [start, *inner]
    return lines

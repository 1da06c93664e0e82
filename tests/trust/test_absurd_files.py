"""Every key of every TOML file with values that make no sense: taken, or refused in a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opro_tui import config_file
from opro_tui.cli.files import read_template
from opro_tui.core.errors import BadInput
from opro_tui.core.meta_prompt import Template
from opro_tui.tasks import task_file
from opro_tui.tasks.factory import TaskOptions, load
from opro_tui.tui.commands import COMMANDS
from opro_tui.tui.keymap import keymap
from opro_tui.tui.options import options
from tests.trust.inputs import GOOD, PROVIDER, TASK

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = (
    *("-1", "0", "1", "1" + "0" * 30, "9" * 4000, "1.5", "-0.0", "nan", "inf", "-inf", "1e308"),
    *("true", "false", '""', '" "', '"x"', '"-1"', '"\\u0000"', '"\\u001b[31m\\u202e"', '"../.."'),
    *('"a\\nb"', f'"{"n" * 3000}"', "[]", "[[]]", "[1, 2]", '["x", 1]', "{}", "{ a = 1 }"),
    *('{ "\\u001b" = "x" }', "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", '"file:///etc"'),
    *('"http://x"', '"https://u:p@x/v1"', '"ftp://x"', '"none"', '"=1+1"', '"(a+)+$"', '"regex:("'),
)
UI = ("theme", "mouse", "animations", "notify", "chart", "nothing")


def refused_well(where: str, read: Callable[[], object]) -> bool:
    """Whether a file was refused; in a line that names it and acts on nothing."""
    try:
        read()
    except BadInput as error:
        text = str(error)
        assert where in text, text
        assert len(text) < 10_000  # the command line cuts its middle
        assert "Traceback" not in text
        return True
    return False


def config(text: str) -> Callable[[], object]:
    def read() -> None:
        found = config_file.parse_config(text, Path("bad.toml"))
        keymap(found)
        options(found)

    return read


@pytest.mark.parametrize("value", VALUES)
def test_any_value_of_any_key_of_the_config_file(value: str) -> None:
    texts = [
        *(f"{PROVIDER}{key} = {value}\n" for key in config_file._PROVIDER_KEYS[4:]),
        *(f"[providers.local]\n{key} = {value}\n" for key in config_file._PROVIDER_KEYS[:4]),
        *(f'[prices."a/b"]\ninput = 1\noutput = 1\n{key} = {value}\n' for key in ("batch", "x")),
        *(f'[prices."a/b"]\n{key} = {value}\n' for key in config_file._PRICE_KEYS),
        *(f"[batch]\n{key} = {value}\n" for key in config_file._BATCH_KEYS),
        *(f"[ui]\n{key} = {value}\n" for key in UI),
        *(f"[keymap]\n{command.id} = {value}\n" for command in COMMANDS[::6]),
        *(f"{table} = {value}\n" for table in (*config_file._TABLES, "nothing")),
    ]
    refused = [refused_well("bad.toml", config(text)) for text in texts]
    assert sum(refused) > len(texts) // 4


@pytest.mark.parametrize("value", VALUES)
def test_any_value_of_any_key_of_a_task_file(value: str, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    file = tmp_path / "bad.toml"
    keys = [key for key in task_file.KEYS if key != "split"]
    texts = []
    for key in keys:
        kept = "".join(f"{line}\n" for line in TASK.splitlines() if not line.startswith(f"{key} "))
        texts.append(f"{kept}{key} = {value}\n")
    texts += [f"{TASK}[split]\n{key} = {value}\n" for key in task_file.SPLIT_KEYS]
    texts.append(f"{TASK}split = {value}\n")
    refused = []
    for text in texts:
        file.write_text(text)
        refused.append(refused_well("", lambda: load(TaskOptions(task=str(file)))))
    assert sum(refused) > 2


@pytest.mark.parametrize("value", VALUES)
def test_any_value_of_any_text_of_a_template(value: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    for key in (*Template.__dataclass_fields__, "nothing"):
        file.write_text(f"{key} = {value}\n")
        refused = refused_well("bad.toml", lambda: read_template(file))
    assert refused, "there is no text of the last name"

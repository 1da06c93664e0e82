"""A user's module that is slow, hangs or ends the program costs a sentence and nothing else."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from opro_tui.core.errors import BadInput, OproError
from opro_tui.core.protocols import Example
from opro_tui.engine.offload import offload
from opro_tui.tasks import own, user_code
from opro_tui.tasks.metrics import make_metric

RELEASE = threading.Event()
"""What the module that hangs waits for."""
_TASK = """
from opro_tui.tasks.base import BaseTask
from tests.tasks.test_user_code import RELEASE

class T(BaseTask):
    name = "t"
    def starting_solutions(self):
        return ("a",)
    def compute(self, solution):
        return None
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)

    def write(code: str) -> str:
        (tmp_path / "user_code_x.py").write_text(code)
        sys.modules.pop("user_code_x", None)
        return "user_code_x"

    yield write
    RELEASE.set()
    for thread in user_code._hanging.values():
        thread.join(10)
    RELEASE.clear()
    user_code._hanging.clear()
    sys.modules.pop("user_code_x", None)
    assert [path for path in sys.path if path != str(tmp_path)] == before


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('no\\nway')", "can't be imported (ValueError: no"),
        ("import sys; sys.exit(3)", "can't be imported (SystemExit: 3)"),
        ("raise KeyboardInterrupt", "can't be imported (KeyboardInterrupt)"),
        ("import nothing_of_this_name", "can't be imported (ModuleNotFoundError"),
        ("def f(:", "can't be imported (SyntaxError"),
        ("class E(Exception):\n    __str__ = None\nraise E", "can't be imported (E)"),
    ],
)
def test_a_module_that_fails(module, code, said):
    with pytest.raises(BadInput) as caught:
        make_metric(f"python:{module(code)}:f")
    assert said in str(caught.value)


def test_a_module_that_hangs_is_waited_for_once(module, monkeypatch):
    monkeypatch.setattr(user_code, "SECONDS", 0.2)
    name = module("from tests.tasks.test_user_code import RELEASE\nRELEASE.wait(60)\nf = len")
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(BadInput, match=r"user_code_x is not imported after 0.2 s"):
            make_metric(f"python:{name}:f")
    assert time.monotonic() - began < 0.1
    RELEASE.set()
    user_code._hanging[name].join(10)
    assert make_metric(f"python:{name}:f").trusted is False


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "    def __init__(self):\n        raise SystemExit(4)\n",
            r"can't be made \(SystemExit: 4",
        ),
        ("    def __init__(self):\n        RELEASE.wait(60)\n", "is not made after 0.2 s"),
        (
            "    def starting_solutions(self):\n        RELEASE.wait(60)\n",
            "is not made after 0.2 s",
        ),
    ],
)
def test_a_class_that_hangs_or_ends_the_program(module, monkeypatch, code, said):
    monkeypatch.setattr(user_code, "SECONDS", 0.2)
    name = module(_TASK + code)
    with pytest.raises(BadInput, match=said):
        own.make(f"python:{name}:T", 0, new=True)


@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "CancelledError"])
async def test_a_metric_that_tries_to_end_the_program(module, kind):
    code = "from asyncio import CancelledError\ndef f(answer, target):\n    raise "
    metric = make_metric(f"python:{module(code + kind)}:f")
    with pytest.raises(OproError, match=f"tried to end the program .{kind}"):
        await offload(lambda: metric.grade(Example(0, "q", "t"), "a"))


async def test_a_stop_iteration_is_an_error_like_others():
    with pytest.raises(RuntimeError, match="StopIteration"):
        await offload(lambda: next(iter(())))

from __future__ import annotations

import asyncio
import os

import pytest

# Before textual is imported: it reads this once.
os.environ["TEXTUAL_ANIMATIONS"] = "none"

from tests.support.parsed import parsed_once
from tests.support.stillness import StillLoop, stillness


def pytest_asyncio_loop_factories(config, item):
    """Screens are tested on a clock that stands still while they work."""
    if item.get_closest_marker("real_time"):
        return {"real": asyncio.SelectorEventLoop}
    return {"still": StillLoop}


@pytest.fixture(autouse=True)
def _still(request):
    if request.node.get_closest_marker("real_time"):
        yield
        return
    with stillness(), parsed_once():
        yield


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Where sessions are kept that several tests of this process begin with."""
    return tmp_path_factory.mktemp("kept")

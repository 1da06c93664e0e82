"""What a new session can be made of: models that can be called, and data that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, OproError
from opro_tui.engine.offload import offload
from opro_tui.engine.pool import KEY_SECONDS, ModelPool, roles_of
from opro_tui.models import discovery, keys, prices, registry
from opro_tui.tasks import columns, data, presets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opro_tui.config import Config
    from opro_tui.core.protocols import Task
    from opro_tui.core.settings import Settings
    from opro_tui.tasks.data import Peek

__all__ = [
    "DATA_SUFFIXES",
    "ModelOffer",
    "find_models",
    "guess_columns",
    "is_unencrypted",
    "missing_keys",
    "model_problem",
    "needs_files",
    "peek",
    "preset_names",
    "sure_target",
]

DATA_SUFFIXES = data.SUFFIXES
preset_names = presets.preset_names
guess_columns = columns.guess_columns


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model that a person could choose.

    Attributes:
        name: What to write as the setting; ends in `/` where the person has to complete it.
        about: Why it is offered and what it costs, in a few words; never a key.
    """

    name: str
    about: str


async def find_models(config: Config, *, seconds: float = discovery.SECONDS) -> list[ModelOffer]:
    """The usable models, off the event loop; ones that need no key to be looked up come first.

    Args:
        config: Providers and prices.
        seconds: How long a local endpoint may take to answer.
    """
    try:
        return await offload(lambda: _find_models(config, seconds), KEY_SECONDS)
    except TimeoutError:  # a keyring, for the key of an endpoint nearby
        return [_SIMULATED]


def _find_models(config: Config, seconds: float) -> list[ModelOffer]:
    return [
        ModelOffer(offer.name, _about(offer, config))
        for offer in discovery.find_offers(config, seconds=seconds)
    ]


_SIMULATED = ModelOffer(
    "simulated", "no key, no network, no cost; its answers are evidence of nothing"
)


def _set(place: str) -> str:
    return f"{place} is named" if place.startswith("the keyring") else f"{place} is set"


def _about(offer: discovery.Offer, config: Config) -> str:
    if offer.why == "simulated":
        return _SIMULATED.about
    if offer.name.endswith("/"):
        return f"{_set(offer.place)}; complete the name"
    price = prices.per_million(offer.name, config)
    cost = "price unknown" if price is None else f"${price.input:g} in, ${price.output:g} out per M"
    why = f"answers at {offer.place}" if offer.why == "local" else _set(offer.place)
    return f"{cost} · {why}" if offer.why == "key" or price else why


def model_problem(name: str, config: Config) -> str:
    """What is wrong with a model's name, with what to do; empty when nothing is."""
    try:
        registry.validate_name(name, config)
    except BadInput as error:
        return f"{error.what}. {error.todo}"
    return ""


def is_unencrypted(name: str, url: str, config: Config) -> bool:
    """Whether a model is asked at an address on the way to which others can read what is sent.

    Args:
        name: The model's, as it is typed.
        url: Its address, as it is typed; empty takes the provider's.
        config: Providers.
    """
    address = registry.address_of(name.strip(), url.strip() or None, config)
    return bool(address) and registry.insecure(address)


async def missing_keys(
    settings: Settings, task: Task, config: Config, *, seconds: float = KEY_SECONDS
) -> list[str]:
    """What keeps a session's models from being called, one line each; nothing is sent.

    Args:
        settings: The session's.
        task: Its task.
        config: Providers.
        seconds: How long a keyring may take, which may ask the person first.
    """
    problems: dict[str, None] = {}
    for role in roles_of(task):
        name, url = ModelPool.name_and_url(role, settings)
        check = partial(registry.check_key, name, role=role, url=url, config=config)
        try:
            await offload(check, seconds)
        except TimeoutError:
            problems[str(keys.late(name, seconds))] = None
        except OproError as error:
            problems[str(error)] = None
    return list(problems)


def needs_files(task: str) -> tuple[str, ...]:
    """The files that a preset needs in its data folder; none for other tasks."""
    try:
        return presets.find_preset(task, None).files
    except BadInput:
        return ()


def sure_target(names: Sequence[str]) -> str:
    """The column that holds the right answer, by its name alone; empty where none is sure."""
    return next((name for name in columns.SURE["target"] if name in names), "")


def peek(path: Path, *, header: bool = True, rows: int = 50) -> Peek:
    """The first rows of a data file; blocks while it reads, so call it in a thread.

    Raises:
        BadInput: It can't be read, or what was read of it is malformed.
    """
    return data.peek_table(path, header=header, rows=rows)

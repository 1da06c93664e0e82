from __future__ import annotations

from dataclasses import fields

import pytest

from opro_tui.core.errors import BadInput
from opro_tui.core.schedule import temperature_at
from opro_tui.core.settings import BY_NAME, STARRED, Settings, find


def test_every_setting_is_defined_once_and_every_definition_is_a_setting():
    assert {field.name for field in fields(Settings)} == set(BY_NAME)


def test_the_defaults_are_the_papers():
    settings = Settings()
    assert (settings.candidates, settings.shown, settings.order) == (8, 20, "ascending")
    assert (settings.score_buckets, settings.exemplars, settings.temperature) == (100, 3, 1.0)
    assert settings.scorer_temperature == 0


def test_what_the_contract_stars_may_change_between_steps():
    for name in ("optimizer", "temperature", "threshold", "max_length", "budget", "review"):
        assert name in STARRED
    for name in (
        "scorer",
        "scorer_temperature",
        "metric",
        "train",
        "position",
        "qa",
        "seed",
        "task",
    ):
        assert name not in STARRED


def test_json_and_back():
    settings = Settings().with_values(
        {
            "max-output-tokens": ["scorer=300", "optimizer=50"],
            "reasoning_effort": "optimizer=low",
            "proposals": "4",
            "schedule": "linear:0.5",
            "train": "0.2",
            "budget": 2,
            "qa": "no",
        }
    )
    assert settings.to_json()["max_output_tokens"] == {"optimizer": 50, "scorer": 300}
    assert Settings.from_json(settings.to_json()) == settings


def test_one_role_at_a_time_can_be_set_and_cleared():
    settings = Settings().with_values({"max_output_tokens": "scorer=300"})
    both = settings.with_values({"max_output_tokens": "optimizer=50"})
    assert both.for_role("max_output_tokens", "scorer") == 300
    cleared = both.with_values({"max_output_tokens": "scorer=none"})
    assert cleared.for_role("max_output_tokens", "scorer") is None
    assert cleared.for_role("max_output_tokens", "optimizer") == 50


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("temprature", 1, "unknown setting 'temprature'. Did you mean 'temperature'?"),
        ("temperature", "hot", "--temperature: 'hot' is out of range; give a number from 0 to 2"),
        ("temperature", "nan", "give a number from 0 to 2"),
        ("temperature", True, "give a number from 0 to 2"),
        ("candidates", 0, "give a whole number from 1 to 10,000"),
        ("candidates", 2.5, "give a whole number"),
        ("candidates", None, "has no value"),
        ("order", "ascendin", "Did you mean 'ascending'?"),
        ("score_buckets", 50, "is not one of 100, 20, 0"),
        ("qa", "maybe", "neither yes nor no"),
        ("schedule", "linear", "constant or linear:END"),
        ("schedule", "linear:9", "constant or linear:END"),
        ("train", "1.5", "give a count (1, 2, …) or a ratio"),
        ("train", "-3", "give a count"),
        ("proposals", "many", "give independent or a whole number"),
        ("max_output_tokens", "judg=3", "ROLE=VALUE"),
        ("max_output_tokens", "30", "is not of the form ROLE=VALUE"),
        ("optimizer", "  ", "is no text"),
        ("budget", -1, "give dollars from 0"),
    ],
)
def test_bad_values_say_what_is_taken(name, raw, words):
    with pytest.raises(BadInput) as caught:
        Settings().with_values({name: raw})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_named_with_its_setting():
    with pytest.raises(BadInput, match=r"^task\.toml: temperature: 'hot'"):
        Settings().with_values({"temperature": "hot"}, where="task.toml")


def test_optional_settings_can_be_cleared():
    settings = Settings().with_values({"budget": "3"})
    assert settings.with_values({"budget": "none"}).budget is None
    assert find("max-steps").optional


@pytest.mark.parametrize(("step", "temperature"), [(1, 1.0), (3, 0.75), (5, 0.5), (9, 0.5)])
def test_a_linear_schedule_ends_at_its_end(step, temperature):
    settings = Settings().with_values({"schedule": "linear:0.5", "max_steps": 5})
    assert temperature_at(settings, step) == temperature


def test_a_constant_schedule_is_constant():
    assert temperature_at(Settings(temperature=0.3), 99) == 0.3

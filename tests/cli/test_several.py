from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.cli.command import Command
from opro_tui.cli.several import Numbers, Texts, spread
from opro_tui.core.errors import BadInput


@click.command("edit", cls=Command)
@click.argument("name")
@click.option("--pin", cls=Numbers, metavar="ID…")
@click.option("--add", cls=Texts, metavar="TEXT…")
@click.option("--note", default="")
@click.option("--review/--no-review", default=None)
def edit(**values: object) -> dict[str, object]:
    return values


def parse(*argv: str) -> dict[str, object]:
    return edit.main(list(argv), standalone_mode=False)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "argv",
    [
        ("s", "--pin", "3", "5", "7"),
        ("s", "--pin", "3", "--pin", "5", "--pin", "7"),
        ("s", "--pin", "3,5,7"),
        ("s", "--pin=3,5", "7"),
        ("s", "--pin", "#3", "#5", "--pin=7"),
        ("s", "--pin", "3,5,", "7"),
        ("--pin", "3", "5", "7", "s"),
        ("--pin", "3", "5", "7", "--", "s"),
    ],
)
def test_every_way_to_give_several_numbers(argv: tuple[str, ...]) -> None:
    values = parse(*argv)
    assert values["pin"] == (3, 5, 7)
    assert values["name"] == "s"


def test_texts_go_on_until_the_next_option() -> None:
    values = parse("s", "--add", "one two", "- three", "-4", "", "--note", "why", "--add", "five")
    assert values["add"] == ("one two", "- three", "-4", "", "five")
    assert values["note"] == "why"


def test_the_value_of_another_option_is_never_a_flag() -> None:
    assert parse("s", "--note", "--pin", "--pin", "3")["note"] == "--pin"


def test_a_mistyped_option_is_no_text() -> None:
    with pytest.raises(click.NoSuchOption, match="--nte"):
        parse("s", "--add", "text", "--nte", "why")


def test_a_text_that_looks_like_an_option_can_be_given_with_an_equals_sign() -> None:
    assert parse("s", "--add=--note")["add"] == ("--note",)


@pytest.mark.parametrize("argv", [("s", "--add"), ("s", "--add", "--pin", "3"), ("s", "--pin")])
def test_a_missing_value_is_said(argv: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="needs a value"):
        parse(*argv)


def test_a_word_is_no_number() -> None:
    with pytest.raises(BadInput, match=r"--pin: 'three' is no number"):
        parse("s", "--pin", "three")


def test_a_swallowed_name_is_explained() -> None:
    with pytest.raises(BadInput, match=r"NAME is missing\. Put it first"):
        parse("--add", "text", "s")


@given(st.lists(st.sampled_from(["s", "--pin", "3", "4,5", "--add", "x y", "--note", "--", "-1"])))
def test_nothing_is_lost_or_made_up(argv: list[str]) -> None:
    try:
        result = spread(edit.params, argv)
    except BadInput:
        return
    words = [part for word in result for part in word.split("=", 1)]
    assert [w for w in words if w not in ("--pin", "--add")] == [
        w for w in argv if w not in ("--pin", "--add")
    ]

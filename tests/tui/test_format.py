from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from opro_tui.core.solution import Score
from opro_tui.tui import format as fmt
from tests.tui.states import FACTS, HOSTILE, LOSS

ANY_TEXT = st.one_of(
    st.text(alphabet=st.characters(), max_size=200),
    st.text(alphabet="a \n\t\x1b[]\u202e\ud800汉👍\u0301\x00", max_size=200),
    st.sampled_from(HOSTILE),
)
FORBIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


@given(ANY_TEXT)
def test_nothing_dangerous_reaches_the_terminal(text: str) -> None:
    shown = fmt.harmless(text)
    assert all(c == "\n" or unicodedata.category(c) not in FORBIDDEN for c in shown)
    assert shown.count("\n") == text.count("\n")
    shown.encode("utf-8")


@given(ANY_TEXT)
def test_an_editor_draws_as_many_characters_as_there_are(text: str) -> None:
    shown = fmt.pictured(text)
    assert len(shown) == len(text)
    assert all(c == "\t" or unicodedata.category(c) not in FORBIDDEN for c in shown)


@given(ANY_TEXT, st.integers(0, 60))
def test_a_line_is_one_line_of_at_most_its_width(text: str, width: int) -> None:
    line = fmt.safe(text, width)
    assert "\n" not in line
    assert cell_len(line) <= width
    assert cell_len(fmt.fit(line, width)) == width


@given(ANY_TEXT, st.integers(1, 60))
def test_wrapping_keeps_every_character_and_the_width(text: str, width: int) -> None:
    for line in fmt.harmless(text).split("\n"):
        cuts = fmt.wrap_offsets(line, width)
        pieces = [line[a:b] for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True)]
        assert "".join(pieces) == line
        assert all(pieces) or not line
        assert all(cell_len(piece) <= max(width, 2) for piece in pieces if not piece.isspace())


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_line_cut_inside_keeps_its_width_and_its_end(text: str, width: int) -> None:
    line = fmt.safe(text, 200)
    shown = fmt.cut_inside(line, width)
    assert cell_len(shown) <= width
    assert (shown == line) == (cell_len(line) <= width)
    arms = [f"ablation-temperature-{value}-1" for value in ("0.5", "1.5")]
    assert [fmt.cut_inside(arm, 18) for arm in arms] == ["ablation-…re-0.5-1", "ablation-…re-1.5-1"]


def test_wrapping_breaks_behind_blanks() -> None:
    text = "one two three"
    assert [text[a:b] for a, b in ((0, 8), (8, 13))] == ["one two ", "three"]
    assert fmt.wrap_offsets(text, 9) == [8]
    assert fmt.wrap_offsets("abcdefgh", 3) == [3, 6]


def test_plain_text_stays_as_it_is() -> None:
    assert fmt.safe("Let's think step by step.") == "Let's think step by step."
    assert fmt.safe("[/INST] x") == "[/INST] x"
    assert str(fmt.plain("[bold]x[/bold]")) == "[bold]x[/bold]"


def test_what_could_act_is_made_visible() -> None:
    assert fmt.safe("a\x1b[31mb") == "a␛[31mb"
    assert fmt.safe("a\x00b\x7f") == "a␀b␡"
    assert fmt.safe("a\u202eb") == "a\ufffdb"
    assert fmt.safe("a\nb\r\nc") == "a⏎b⏎c"
    assert fmt.safe("\ud800") == "\ufffd"
    assert len(fmt.safe("e" + "\u0301" * 1000)) == 4


def test_a_megabyte_is_cut_without_reading_all_of_it() -> None:
    assert fmt.safe("y" * 1_000_000, 10) == "yyyyyyyyy…"


def test_scores_are_percent_with_one_decimal_and_losses_raw() -> None:
    score = Score(0.6875, 40, 40, stderr=0.1, low=0.60, high=0.75)
    assert fmt.with_half_width(score, FACTS) == "68.8 ±7.5"
    assert fmt.with_half_width(Score(65.690146, 1, 1, 0.0, 65.69, 65.69), LOSS) == "65.69"
    assert fmt.value(1113055.2, LOSS) == "1,113,055"
    assert fmt.number(3.0) == "3"
    assert fmt.number(float("inf")) == "inf"
    assert fmt.change(-0.02, FACTS) == "−2.0"
    assert fmt.change(207_416.0, LOSS) == "+207k"


def test_an_imported_score_claims_no_uncertainty() -> None:
    assert fmt.with_half_width(Score(0.72, 0, 0), FACTS) == "72.0"


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "$?"),
        (0.0, "$0"),
        (0.4123, "$0.412"),
        (0.00031, "$0.0003"),
        (12.3456, "$12.35"),
        (1234.5, "$1,234"),
    ],
)
def test_dollars_say_unknown_when_they_are(usd: float | None, shown: str) -> None:
    assert fmt.dollars(usd) == shown


def test_ranges_durations_and_counts() -> None:
    assert fmt.dollar_range(0.055, 0.066) == "$0.055–0.066"
    assert fmt.dollar_range(0.0, 0.0) == "$0"
    assert fmt.duration(4.2) == "4 s"
    assert fmt.duration(130) == "2 min 10 s"
    assert fmt.duration(7300) == "2 h 1 min"
    assert fmt.duration(1e9) == "11,574 days"
    assert fmt.short_count(36_314) == "36k"
    assert fmt.short_count(1_200_000) == "1.2M"
    assert fmt.plural(1, "call") == "1 call"
    assert fmt.plural(1284, "call") == "1,284 calls"


@given(st.integers(-5, 500), st.integers(-5, 500), st.integers(0, 30))
def test_a_bar_always_has_its_width(done: int, total: int, width: int) -> None:
    assert cell_len(fmt.bar(done, total, width)) == width


def test_a_bar_tells_full_from_empty_without_colour() -> None:
    assert fmt.bar(0, 4, 4) == "────"
    assert fmt.bar(3, 8, 4) == "━╸──"
    assert fmt.bar(8, 8, 4) == "━━━━"

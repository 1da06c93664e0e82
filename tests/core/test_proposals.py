from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.meta_prompt import Template
from opro_tui.core.proposals import Proposal, parse, vet

TAGS = Template("", "", "", "")
BRACKETS = TAGS.with_texts({"proposal_open": "[", "proposal_close": "]"})


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("<INS>Think.</INS>", ["Think."]),
        ("Sure!\n<INS>\nThink.\n</INS>\nGood luck.", ["\nThink.\n"]),
        ("<INS>a</INS> and <INS>b</INS>", ["a", "b"]),
        ("I write between <INS> tags: <INS>Real</INS>", ["Real"]),
        ("Think.</INS>", ["Think."]),
        ("Just do it.", ["Just do it."]),
        ("  bare  ", ["bare"]),
        ("<INS></INS><INS>b</INS>", ["b"]),
        ("<INS></INS>", [""]),
        ("", [""]),
    ],
)
def test_tags(completion, expected):
    assert [proposal.text for proposal in parse(completion, TAGS)] == expected


def test_an_open_tag_alone_is_a_proposal_that_was_cut_off():
    assert parse("<INS>Think about", TAGS) == (Proposal("Think about", closed=False),)


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("[Think.]", ["Think."]),
        ("[Solve [x] first]", ["Solve [x] first"]),
        ("[1, 2] then [3, 4]", ["1, 2", "3, 4"]),
        ("w=3, b=4]", ["w=3, b=4"]),
        ("[w=3", ["w=3"]),
        ("w=3, b=4", ["w=3, b=4"]),
    ],
)
def test_brackets(completion, expected):
    assert [proposal.text for proposal in parse(completion, BRACKETS)] == expected


@given(st.text(alphabet="<INS>/ab[] \n"), st.sampled_from([TAGS, BRACKETS]))
def test_any_completion_gives_at_least_one_proposal_out_of_itself(completion, template):
    found = parse(completion, template)
    assert found
    assert all(proposal.text in completion for proposal in found)


@given(st.lists(st.text(alphabet="abc xyz.", min_size=1).filter(str.strip), min_size=1))
def test_what_is_written_between_tags_comes_back(texts):
    completion = " and ".join(f"<INS>{text}</INS>" for text in texts)
    assert [proposal.text for proposal in parse(completion, TAGS)] == texts


def test_a_megabyte_of_tags_is_read_in_linear_time():
    assert len(parse("<INS>" * 100_000 + "x" + "</INS>" * 100_000, TAGS)) == 1
    assert len(parse("[" * 500_000 + "]" * 500_000, BRACKETS)) == 1


def check(solution, **changes):
    arguments = {
        "seen": {"Old one.": 4},
        "max_length": 20,
        "task_reason": lambda text: "contains a digit" if "7" in text else None,
    } | changes
    proposal = arguments.pop("proposal", Proposal(solution))
    found = vet(solution, proposal, TAGS, **arguments)
    return found and found.reason


@pytest.mark.parametrize(
    ("solution", "reason"),
    [
        ("", "empty"),
        ("Old one.", "duplicate of #4"),
        ("Use <INS> here", "contains <INS>"),
        ("a</INS>", "contains </INS>"),
        ("x" * 21, "21 characters, over the limit of 20"),
        ("Count to 7.", "contains a digit"),
        ("Fine.", None),
    ],
)
def test_reasons(solution, reason):
    assert check(solution) == reason


def test_a_duplicate_names_its_original():
    found = vet(
        "a", Proposal("a"), TAGS, seen={"a": 3}, max_length=None, task_reason=lambda _: None
    )
    assert found is not None
    assert found.duplicate_of == 3


def test_what_was_cut_off_is_not_scored():
    cut = Proposal("Think ab", closed=False)
    assert check("Think ab", proposal=cut, truncated=True) == "cut off at the token limit"
    assert check("Think ab", proposal=cut, truncated=False) is None

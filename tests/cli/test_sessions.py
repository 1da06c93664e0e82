from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

SOLUTION = {"id", "text", "score", "n", "of", "stderr", "low", "high", "unparsed", "step", "origin",
            "pinned", "dropped", "in_prompt"}  # fmt: skip
USAGE = {"calls", "from_store", "failed", "unknown", "input_tokens", "cached_tokens",
         "output_tokens", "reasoning_tokens", "cost_usd", "cache_write_tokens",
         "cache_saved_usd"}  # fmt: skip


def test_an_empty_file_has_no_sessions_yet_and_becomes_a_database(cli: Cli) -> None:
    cli.db.touch()
    listed = cli.ok("list")
    assert (listed.out, listed.err) == ("no sessions yet\n", "")
    assert "there is no session 'x'" in cli.refused("show", "x")
    assert "0 sessions" in cli("doctor", "--offline").out
    assert cli.db.read_bytes() == b""
    cli.ok("new", "x", "--task", "sums", "--headless")
    assert [each["name"] for each in cli.ok("list", "--json").json] == ["x"]
    assert not list(cli.folder.glob("*.backup"))


def test_looking_never_creates_a_database(cli: Cli) -> None:
    assert cli.ok("list", "--json").json == []
    assert "no sessions" in cli.ok("list").out
    for command in ("show", "best", "costs", "meta-prompt", "examples", "open", "run"):
        assert "there is no session 'x'" in cli.refused(command, "x")
    assert not cli.db.exists()


def test_new_says_what_was_made_and_spends_nothing(cli: Cli) -> None:
    argv = ("new", "s", "--task", "sums", "--train", 8, "--test", 12, "--headless")
    text = cli.ok(*argv, "--initial", "A.", "B.", "--shown", 5).out
    assert "8 to train on, 12 held out" in text
    assert "2 starting solutions: 2 to be scored" in text
    assert "the first step" in text
    assert "$0" in text
    assert "opro-tui run s" in text
    assert "simulated models: nothing here is evidence" in text
    shown = cli.ok("show", "s", "--json").json
    assert (shown["status"], shown["steps"], shown["trajectory"]) == ("new", 0, [])
    assert shown["settings"]["shown"] == 5
    assert all(usage["calls"] == 0 for usage in shown["usage"].values())
    assert "there is a session 's' already" in cli.refused(*argv)


def test_boolean_and_role_settings(cli: Cli) -> None:
    cli.ok("new", "s", "--task", "sums", "--no-qa", "--review", "--headless",
           "--max-output-tokens", "optimizer=500", "--max-output-tokens", "scorer=200")  # fmt: skip
    settings = cli.ok("show", "s", "--json").json["settings"]
    assert (settings["qa"], settings["review"], settings["header"]) == (False, True, True)
    assert settings["max_output_tokens"] == {"optimizer": 500, "scorer": 200}


def test_an_unknown_price_and_a_missing_key_are_said(cli: Cli) -> None:
    local = ("--optimizer", "ollama/m", "--scorer", "ollama/m", "--headless")
    assert "price unknown" in cli.ok("new", "a", "--task", "sums", *local).out
    paid = ("--optimizer", "openai/m", "--scorer", "openai/m", "--headless")
    text = cli.ok("new", "b", "--task", "sums", *paid).out
    assert "the first step" in text
    assert text.count("OPENAI_API_KEY is not set") == 1
    assert "<INS>" in cli.ok("meta-prompt", "b").out
    result = cli("run", "b")
    assert result.code == 1
    assert "OPENAI_API_KEY" in result.out
    assert cli.ok("show", "b", "--json").json["status"] == "new"


def test_show_and_list_are_as_the_contract_says(small: Cli) -> None:
    small.ok("run", "s", "--steps", 2)
    shown = small.ok("show", "s", "--json").json
    assert {"name", "task", "optimizer", "scorer", "simulated", "status", "steps", "settings",
            "best", "trajectory", "usage", "edits", "parent"} <= set(shown)  # fmt: skip
    assert (shown["status"], shown["steps"], shown["simulated"]) == ("ready", 2, True)
    assert set(shown["trajectory"][0]) == SOLUTION | {"behind"}
    scores = [solution["score"] for solution in shown["trajectory"]]
    assert scores == sorted(scores, reverse=True)
    assert shown["best"] == shown["trajectory"][0]
    assert set(shown["usage"]) == {"optimizer", "scorer", "judge"}
    assert set(shown["usage"]["scorer"]) == USAGE
    assert shown["trajectory"][-1]["of"] == 8
    (row,) = small.ok("list", "--json").json
    assert {"name", "task", "steps", "best", "cost_usd", "simulated", "updated"} <= set(row)
    assert row["best"] == shown["best"]["score"]
    text = small.ok("show", "s").out
    assert "best of" in text
    assert shown["best"]["text"] in text
    assert "train 8" in text
    assert small.ok("best", "s").out == shown["best"]["text"] + "\n"
    assert "s " in small.ok("list").out


def test_costs_add_up(small: Cli) -> None:
    small.ok("run", "s", "--steps", 2)
    costs = small.ok("costs", "s", "--json").json
    assert [step["step"] for step in costs["steps"]] == [0, 1, 2]
    for name in ("calls", "input_tokens", "output_tokens", "from_store"):
        for role in ("optimizer", "scorer"):
            total = sum(step["usage"][role][name] for step in costs["steps"])
            assert total == costs["total"][role][name]
    assert set(costs["steps"][1]["forecast"]["optimizer"]) == {"tokens", "low", "high", "usd"}
    assert costs["total"] == small.ok("show", "s", "--json").json["usage"]
    assert costs["waste"]["idle_steps"] in (0, 1, 2)
    assert costs["waste"]["shown"] >= 1
    text = small.ok("costs", "s").out
    assert "waste: " in text
    assert "new since the last step" in text
    assert "advice: " in text
    assert "forecast" in text
    assert "simulated" in text


def test_best_needs_a_score(small: Cli) -> None:
    assert "nothing is fully scored yet" in small.refused("best", "s")


def test_examples_are_searched_and_split(small: Cli) -> None:
    everything = small.ok("examples", "s", "--json").json
    assert [example["index"] for example in everything] == list(range(len(everything)))
    train = small.ok("examples", "s", "--split", "train", "--json").json
    assert len(train) == 8
    word = everything[5]["input"].split()[0]
    found = small.ok("examples", "s", "--search", word.upper(), "--json").json
    assert everything[5] in found
    assert "no such examples" in small.ok("examples", "s", "--search", "zzzz").out


def test_rename_and_delete(small: Cli) -> None:
    assert "s is now t" in small.ok("rename", "s", "t").out
    assert "there is no session 's'" in small.refused("show", "s")
    small.ok("show", "t")
    assert "deleted t" in small.ok("delete", "t").out
    assert small.ok("list", "--json").json == []


def test_try_asks_exactly_and_is_not_paid_twice(small: Cli) -> None:
    tried = small.ok("try", "s", "--examples", 2, "--json").json
    assert len(tried) == 2
    first = tried[0]
    assert first["target"]
    assert first["messages"][-1]["role"] == "user"
    assert first["instruction"] in first["messages"][-1]["content"]
    again = small.ok("try", "s", "--examples", 2, "--json").json
    assert all(trial["from_store"] for trial in again)
    text = small.ok("try", "s", "--examples", 1, "--instruction", "Do it\x1b[2J").out
    assert "Do it\\x1b[2J" in text
    assert "[verdict]" in text
    assert "target" in text


def test_open_needs_a_terminal(small: Cli) -> None:
    assert "opro-tui run s" in small.refused("open", "s")


def test_before_step_0_the_meta_prompt_says_that_solutions_are_missing(small: Cli) -> None:
    before = small.ok("meta-prompt", "s")
    assert "step 0 is still to come" in before.err
    assert "step 0" not in before.out
    small.ok("run", "s")
    assert not small.ok("meta-prompt", "s").err


def test_two_without_a_shared_past_count_what_they_used_in_all(small: Cli) -> None:
    small.ok("new", "t", "--task", "linear-regression", "--seed", 4)
    for name in ("s", "t"):
        small.ok("run", name)
    out = small.ok("compare", "s", "t").out
    assert "they share no past" in out
    assert "parted" not in out
    assert out.count("    in all: ") == 2


def test_meta_prompt_as_data(small: Cli) -> None:
    small.ok("run", "s")
    data = small.ok("meta-prompt", "s", "--json").json
    assert set(data) == {"text", "regions", "tokens", "forecast"}
    assert small.ok("meta-prompt", "s").stdout == (data["text"] + "\n").encode()
    assert "".join(data["text"][r["start"] : r["end"]] for r in data["regions"]) == data["text"]
    assert set(data["forecast"]) == {"optimizer", "scorer"}
    past = small.ok("meta-prompt", "s", "--step", 1, "--json").json
    assert past["text"] != data["text"]
    assert "has no meta-prompt" in small.refused("meta-prompt", "s", "--step", 9)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ('instructions = "a"\nsolution = "b"\n', ", line 2: unknown text 'solution'"),
        ("\ninstructions = 3\n", ", line 2: instructions is no string"),
        ('placeholder = ""\n', ", line 1: placeholder is empty"),
        ('instructions = "a\n', "line 1"),
        ("", "holds no text"),
    ],
)
def test_a_template_file_is_checked_by_line(cli: Cli, content: str, where: str) -> None:
    file = cli.folder / "texts.toml"
    file.write_text(content, encoding="utf-8")
    message = cli.refused("new", "s", "--task", "sums", "--meta-prompt", file)
    assert str(file) in message
    assert where in message


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("w.jsonl", '{"text": "a", "score": 0.5}\n{"score": 1}\n', "line 2: has no text"),
        ("w.csv", "text,score\na,0.5\nb,good\n", "line 3: score 'good' is no number"),
        ("w.csv", "text,score\na,nan\n", "line 2: score 'nan' is no number"),
        ("w.jsonl", '{"text": "a", "score": 72}\n', "no score between 0 and 1"),
        ("w.jsonl", "oops\n", "line 1"),
        ("w.txt", "a\n", "kind of data file"),
    ],
)
def test_a_warm_start_is_checked_by_row(cli: Cli, name: str, content: str, where: str) -> None:
    file = cli.folder / name
    file.write_text(content, encoding="utf-8")
    message = cli.refused("new", "s", "--task", "sums", "--solutions", file)
    assert where in message
    assert not cli.db.exists()


def test_csv_warm_start_with_and_without_scores(cli: Cli) -> None:
    file = cli.folder / "w.csv"
    file.write_text('text,score\n"Add, then check.",0.5\nCount.,\n', encoding="utf-8")
    cli.ok("new", "s", "--task", "sums", "--train", 6, "--solutions", file, "--headless")
    cli.ok("run", "s")
    rows = {row["text"]: row for row in cli.ok("show", "s", "--json").json["trajectory"]}
    assert (rows["Add, then check."]["score"], rows["Add, then check."]["of"]) == (0.5, 0)
    assert rows["Count."]["of"] == 6
    assert (
        json.loads(cli.ok("costs", "s", "--json").out)["steps"][0]["usage"]["scorer"]["calls"] == 6
    )


def test_new_says_what_it_assumed_of_a_data_file(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    queues = ("billing", "technik", "versand")
    rows = "".join(f'"Frage {i}; größer?";{queues[i % 3]}\n' for i in range(60))
    path.write_bytes(("Nachricht;team\n" + rows).encode("cp1252"))
    columns = ("--input", "Nachricht", "--target", "team")
    models = ("--optimizer", "openai/gpt-4o", "--scorer", "openai/gpt-4o-mini")
    text = cli.ok(
        "new", "t", "--task", path, *columns, *models, "--budget", "0.0001", "--headless"
    ).out
    assert "columns parted by semicolons, read as Windows-1252, for it is not UTF-8" in text
    assert "metric: multiple-choice, guessed from the targets; --metric sets another" in text
    assert "30 to train on, 20 held out, 10 fresh" in text
    assert "answer with it alone: billing, technik, versand." in text
    assert "the budget of $0.0001 ends within the first step" in text
    assert "`opro-tui edit t --budget …`" in text


def test_a_new_session_says_that_an_address_is_not_encrypted(cli) -> None:
    def new(name: str, url: str, *flags: str) -> Any:
        models = ("--optimizer", "simulated", "--scorer", "openai/m", "--scorer-url", url)
        return cli.ok("new", name, "--task", "sums", *models, *flags)

    told = "http://models.invalid/v1 is not encrypted"
    assert f"warning: {told}" in new("x", "http://models.invalid/v1", "--headless").out
    assert "warning" not in new("y", "http://127.0.0.1:1/v1", "--headless").out
    (warning,) = new("z", "http://models.invalid/v1", "--json").json["warnings"]
    assert warning.startswith(told)
    assert new("zz", "https://models.invalid/v1", "--json").json["warnings"] == []


def test_a_new_session_for_programs(cli) -> None:
    models = ("--optimizer", "simulated", "--scorer", "openai/gpt-4o-mini")
    made = cli.ok("new", "s", "--task", "sums", "--train", 8, *models, "--json").json
    assert (made["name"], made["optimizer"]) == ("s", "simulated")
    assert made["scorer"] == "openai/gpt-4o-mini"
    assert made["simulated"] is True
    assert made["examples"]["train"] == 8
    assert made["waiting"] == made["starting"] > 0
    assert made["forecast"]["scorer"]["usd"] > 0
    assert made["settings"] == cli.ok("show", "s", "--json").json["settings"]
    (missing,) = made["missing"]
    assert "OPENAI_API_KEY is not set" in missing
    free = cli.ok("new", "t", "--task", "linear-regression", "--json").json
    assert (free["scorer"], free["missing"]) == (None, [])

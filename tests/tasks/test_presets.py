"""Every preset on the real files: counts, splits, and every target graded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Split, Task
from opro_tui.core.settings import Settings
from opro_tui.engine.create import Draft, prepare
from opro_tui.tasks import TaskOptions, load, preset_names, restore
from opro_tui.tasks.presets import BBH, MAX_LENGTH, find_preset

from .helpers import DATASETS, ROOT, needs_datasets

SENTENCES = (
    "{}",
    "The answer is {}.",
    "Let me count 3 things.\n\n**Answer:** {}\n\nQ: And what of 7 more?\nA: The answer is 12.",
    "#### {}",
    "\\boxed{{{}}}",
    "{} is the correct answer.",
)
SIZES = {
    "gsm8k": (8792, 261, 1319),
    "aqua": (254, 50, 204),
    "multiarith": (600, 120, 480),
    "mmlu/abstract_algebra": (100, 20, 80),
    "mmlu/high_school_physics": (151, 30, 121),
    "bbh/causal_judgement": (187, 37, 150),
    "bbh/penguins_in_a_table": (146, 29, 117),
    "bbh/snarks": (178, 35, 143),
} | {
    f"bbh/{name}": (250, 50, 200)
    for name in BBH
    if name not in ("causal_judgement", "penguins_in_a_table", "snarks")
}
ODD_TARGETS = {
    # The files' own slips: a name with commas became several options, so that no letter fits.
    ("bbh/movie_recommendation", "Monsters, Inc"),
    ("bbh/ruin_names", "dearth, wind, & fire"),
    ("bbh/ruin_names", "rita, sue and bob poo"),
}


def real(name, **options):
    return load(TaskOptions(task=name, data_dir=DATASETS, **options)).task


@needs_datasets
@pytest.mark.parametrize("name", SIZES)
def test_every_target_is_graded_right_and_another_wrong(name):
    task = real(name)
    targets = list(dict.fromkeys(item.target for item in task.examples))
    following = dict(zip(targets, targets[1:] + targets[:1], strict=True))
    for item in task.examples:
        for sentence in SENTENCES:
            own = task.grade(item, sentence.format(item.target))
            other = task.grade(item, sentence.format(following[item.target]))
            assert own.score == 1, (item, sentence, own)
            assert other.score == 0, (item, sentence, other)
            assert own.parsed is not None


@needs_datasets
@pytest.mark.parametrize("name", SIZES)
def test_splits_have_the_paper_s_sizes(name):
    task = real(name)
    sides = Counter(item.split for item in task.examples)
    assert (len(task.examples), sides[Split.TRAIN], sides[Split.TEST]) == SIZES[name]
    assert [item.index for item in task.examples] == list(range(len(task.examples)))
    assert isinstance(task, Task)
    assert task.binary
    assert task.bounded
    assert task.trusted
    assert task.defaults["max_length"] == 500
    assert task.starting_solutions() == ("Let's solve the problem.",)


@needs_datasets
def test_the_known_odd_targets_are_all_there_are():
    found = set()
    for name in SIZES:
        task = real(name)
        if task.spec()["metric"] != "multiple-choice":
            continue
        found |= {
            (name, item.target)
            for item in task.examples
            if not (len(letter := item.target.strip("()")) == 1 and letter.isupper())
        }
    assert found == ODD_TARGETS


@needs_datasets
def test_odd_targets_are_graded_by_their_text():
    task = real("bbh/movie_recommendation")
    item = next(item for item in task.examples if item.target == "Monsters, Inc")
    assert task.grade(item, "The most similar one is Monsters, Inc.").score == 1
    assert task.grade(item, "The answer is (C).").score == 0
    assert task.grade(item, "The answer is (C).").parsed == "C"


@needs_datasets
def test_repeated_inputs_stay_on_one_side():
    for name in ("multiarith", "mmlu/high_school_physics", "bbh/causal_judgement"):
        for seed in range(5):
            sides = {}
            for item in real(name, seed=seed).examples:
                sides.setdefault(" ".join(item.input.split()), set()).add(item.split)
            assert len(sides) < SIZES[name][0] or name.startswith("mmlu")
            assert all(len(each) == 1 for each in sides.values())


@needs_datasets
def test_gsm8k_reads_both_files_in_order():
    task = real("gsm8k", train=100, test=0.5)
    assert task.examples[0].input.startswith("Natalia sold clips")
    assert task.examples[0].target == "72"
    assert task.examples[0].fields["rationale"].startswith("Natalia sold 48/2 = <<48/2=24>>24")
    assert "farmer’s market.\n#### 18" in task.examples[7473].fields["rationale"]
    assert task.examples[7473].input.startswith("Janet’s ducks")
    sides = Counter((item.index >= 7473, item.split) for item in task.examples)
    assert sides == {
        (False, Split.TRAIN): 100,
        (False, Split.REST): 7373,
        (True, Split.TEST): 659,
        (True, Split.REST): 660,
    }


@needs_datasets
def test_choices_are_lettered_in_the_question():
    assert real("mmlu/abstract_algebra").examples[0].input == (
        "Find the degree for the given field extension Q(sqrt(2), sqrt(3), sqrt(18)) over Q.\n"
        "(A) 0\n(B) 4\n(C) 2\n(D) 6"
    )
    aqua = real("aqua").examples
    assert aqua[1].input.endswith("\n(A) $61\n(B) $65\n(C) $67.40\n(D) $70\n(E) $78.20")
    assert any(item.input.endswith("\n(A) 59\n(B) 69\n(C) 79\n(D) 89\n(E) 99") for item in aqua)
    assert real("multiarith").examples[0].target == "39"


@needs_datasets
def test_restored_tasks_ask_and_grade_the_same():
    for name in ("bbh/ruin_names", "mmlu/abstract_algebra", "sums"):
        task = real(name, position="Q_end", initial=("Go.",))
        again = restore(json.loads(json.dumps(task.spec())), task.examples)
        assert again.spec() == task.spec()
        assert again.defaults == task.defaults
        assert again.starting_solutions() == ("Go.",)
        for item in task.examples[:50]:
            assert again.messages("Go.", item) == task.messages("Go.", item)
            assert again.grade(item, item.target) == task.grade(item, item.target)


def test_only_gsm8k_minds_digits():
    spec = {"kind": "prompt", "metric": "numeric", "initial": ["x"], "name": "gsm8k"}
    assert restore(spec | {"no_digits": True}, ()).reject("Use 2 steps.") == "contains a digit"
    assert restore(spec | {"no_digits": True}, ()).reject("Use two steps.") is None
    assert restore(spec, ()).reject("Use 2 steps.") is None


def test_a_missing_file_says_which_goes_where(tmp_path):
    with pytest.raises(BadInput) as caught:
        load(TaskOptions(task="gsm8k"))
    assert "--data-dir" in str(caught.value)
    assert "gsm8k/gsm_train.tsv" in str(caught.value)
    with pytest.raises(BadInput) as caught:
        load(TaskOptions(task="gsm8k", data_dir=tmp_path))
    assert "gsm8k/gsm_train.tsv" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    (tmp_path / "mmlu").mkdir()
    (tmp_path / "mmlu" / "abstract_algebra_test.csv").write_text("q,1,2,3,4,A\n")
    with pytest.raises(BadInput, match=r"Did you mean 'mmlu/abstract_algebra'"):
        load(TaskOptions(task="mmlu/abstract_algebr", data_dir=tmp_path))


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("gsm8", "gsm8k"), ("bbh/navigat", "bbh/navigate"), ("sum", "sums"), ("../../etc", "")],
)
def test_an_unknown_task_names_the_nearest(name, suggested):
    with pytest.raises(BadInput, match="unknown task") as caught:
        load(TaskOptions(task=name))
    assert suggested in str(caught.value)


@pytest.mark.parametrize("name", ["mmlu/../gsm8k", "mmlu/", "mmlu/a/b", "bbh/../x"])
def test_a_subject_cannot_leave_the_folder(name, tmp_path):
    with pytest.raises(BadInput):
        load(TaskOptions(task=name, data_dir=tmp_path))


def test_a_foreign_file_in_a_benchmark_s_place_is_bad_input(tmp_path):
    (tmp_path / "multiarith").mkdir()
    file = tmp_path / "multiarith" / "MultiArith.json"
    for text in ('[{"sQuestion": "q", "lSolutions": [1, 2]}]', '[{"sQuestion": "q"}]'):
        file.write_text(text)
        with pytest.raises(BadInput, match="item 1"):
            load(TaskOptions(task="multiarith", data_dir=tmp_path))


def test_every_preset_is_listed_with_a_line():
    names = dict(preset_names())
    assert len([name for name in names if name.startswith("bbh/")]) == 27
    for name in ("sums", "gsm8k", "mmlu/SUBJECT", "aqua", "multiarith", "linear-regression"):
        assert names[name]
        assert "\n" not in names[name]
    assert find_preset("bbh/navigate", None).metric == "boolean"


PAPER = ROOT.parent / "shared" / "reference" / "opro-paper.md"
METRICS = {"numeric": "numeric", "boolean": "boolean", "free text": "exact"}
"""The paper's kinds of BBH tasks, and the metric of each; all others are multiple choice."""
SHARES = {"gsm8k": 0.035} | dict.fromkeys((f"bbh/{name}" for name in BBH), 0.2)
"""Training shares that the paper names."""
OTHERS = {
    "gsm8k": "numeric",
    "multiarith": "numeric",
    "aqua": "multiple-choice",
    "mmlu/abstract_algebra": "multiple-choice",
}


def paper_metrics():
    """Each BBH task's metric by the sentence in the paper's facts that lists them."""
    text = " ".join(PAPER.read_text(encoding="utf-8").split())
    listed = text.split("BBH tasks: ")[1].split("; the other")[0]
    found = dict.fromkeys(BBH, "multiple-choice")
    for part in listed.split(";"):
        kind, names = part.split("=")
        for name in names.split(","):
            assert name.strip() in found
            found[name.strip()] = METRICS[kind.strip()]
    return {f"bbh/{name}": metric for name, metric in found.items()}


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's facts are not here")
def test_every_preset_has_the_paper_s_settings():
    told = paper_metrics() | OTHERS
    assert Counter(paper_metrics().values())["multiple-choice"] == 17
    names = {name for name, _ in preset_names() if "/" in name or name in OTHERS}
    assert names - {"mmlu/SUBJECT"} | {"mmlu/abstract_algebra"} == set(told)
    for name, metric in told.items():
        preset = find_preset(name, None)
        assert preset.metric == metric, name
        assert preset.position == "Q_begin", name
        assert preset.train == SHARES.get(name, 0.2), name
        assert preset.threshold == 0.3, name
        assert preset.initial == ("Let's solve the problem.",), name
        assert preset.no_digits == (name == "gsm8k"), name
    assert MAX_LENGTH == 500
    defaults = Settings()
    assert (defaults.candidates, defaults.shown, defaults.order) == (8, 20, "ascending")
    assert (defaults.score_buckets, defaults.exemplars, defaults.exemplar_choice) == (
        100,
        3,
        "random",
    )
    assert (defaults.temperature, defaults.scorer_temperature) == (1.0, 0.0)
    assert defaults.schedule == "constant"


@needs_datasets
def test_a_preset_s_threshold_and_length_become_the_session_s():
    made = prepare(
        Draft(name="n", values={"task": "bbh/navigate", "data_dir": str(DATASETS)}), Config()
    )
    assert (made.settings.threshold, made.settings.max_length) == (0.3, 500)
    values = {"task": "bbh/navigate", "data_dir": str(DATASETS), "threshold": None}
    assert prepare(Draft(name="n", values=values), Config()).settings.threshold is None
    assert prepare(Draft(name="n", values={"task": "sums"}), Config()).settings.threshold is None


def test_sums_is_bundled_and_sound():
    loaded = load(TaskOptions(task="sums"))
    examples = loaded.task.examples
    assert len(examples) >= 200
    assert len({item.input for item in examples}) == len(examples)
    assert all(item.target.lstrip("-").isdigit() for item in examples)
    assert Counter(item.split for item in examples)[Split.TRAIN] == 60
    assert Counter(item.split for item in examples)[Split.TEST] == 100
    assert loaded.sources[0].rows == len(examples)
    assert loaded.sources[0].path == "bundled/sums.jsonl"
    for item in examples:
        assert loaded.task.grade(item, f"So the answer is {item.target}.").score == 1
        assert loaded.task.grade(item, f"So the answer is {int(item.target) + 1}.").score == 0


def test_the_generator_writes_the_bundled_file():
    command = [sys.executable, "scripts/make_sums.py", "--check"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "same"), done.stderr


def test_the_seed_changes_the_split_and_nothing_else():
    one, again, two = (load(TaskOptions(task="sums", seed=seed)) for seed in (1, 1, 2))
    assert [item.split for item in one.task.examples] == [
        item.split for item in again.task.examples
    ]
    assert [item.split for item in one.task.examples] != [item.split for item in two.task.examples]
    assert [item.input for item in one.task.examples] == [item.input for item in two.task.examples]
    assert (one.seed, two.seed) == (1, 2)

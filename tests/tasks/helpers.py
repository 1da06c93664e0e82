"""What several task tests need."""

from __future__ import annotations

from pathlib import Path

import pytest

from opro_tui.core.protocols import Example
from opro_tui.tasks.metrics import make_metric

ROOT = Path(__file__).parents[2]
DATASETS = ROOT.parent / "shared" / "datasets"
needs_datasets = pytest.mark.skipif(not DATASETS.is_dir(), reason="the shared datasets are absent")


def example(target, question="How many?", **fields):
    return Example(0, question, target, fields=fields)


def grade(metric, answer, target, question="How many?"):
    return make_metric(metric).grade(example(target, question), answer)


def right(metric, answer, target, question="How many?"):
    return grade(metric, answer, target, question).score == 1

"""The built-in meta-prompts, to start from; every text can be edited in a session.

No text says in which order the solutions stand or how far scores reach, for both are settings.
"""

from __future__ import annotations

import re

from opro_tui.core.meta_prompt import Template, fill

TUNED = """\
You are improving an instruction. A language model reads it together with a problem and then \
solves the problem. A good instruction helps with every problem of the kind, not with one of them.

These instructions have been tried. Where a score stands with one, a higher score means that more \
problems were solved correctly:
{trajectory}
These are problems of the kind with their right answers. {placeholder} marks the place of the \
instruction:
{exemplars}
Work out what sets the better instructions apart. Then write ONE new instruction that will score \
higher than all of the above. It must differ from every one of them, must not hold a particular \
problem or its answer, and is best short and clear. Put nothing but the text of the instruction \
between the tags, like this: {open}your instruction{close}
"""

PRETRAINED = """\
Instructions for a kind of problem, each behind its precision where that is known; each new one is \
more precise than all others.
{trajectory}{open}"""

GENERAL = """\
You are looking for the best solution to a task.

{description}

These solutions have been tried. Where a value stands with one, a {direction} value is better:
{trajectory}
Propose ONE new solution of the same form, different from all of them, whose value is {direction} \
than every value above. Put nothing but the solution between the tags, like this: \
{open}solution{close}
"""

GENERAL_PRETRAINED = """\
{description} Each solution stands behind its value where that is known; each new one has a \
{direction} value than all others.
{trajectory}{open}"""


JUDGED = """\
You are improving an instruction. A language model reads it together with a task and then does the \
task. A good instruction helps with every task of the kind, not with one of them.

A judge grades each answer from 0 to 1 by this rubric:
{rubric}

These instructions have been tried. Where a score stands with one, it is the mean grade of its \
answers, and higher is better:
{trajectory}
These are tasks of the kind. {placeholder} marks the place of the instruction:
{exemplars}
Work out what sets the better instructions apart. Then write ONE new instruction that will score \
higher than all of the above. It must differ from every one of them, must not hold a particular \
task or its answer, and is best short and clear. Put nothing but the text of the instruction \
between the tags, like this: {open}your instruction{close}
"""


def prompt_template(style: str, rubric: str = "") -> Template:
    """The meta-prompt for prompt tasks.

    Args:
        style: `tuned` for instruction-tuned optimizers, `pretrained` for models that only continue
            a text.
        rubric: What a judge grades the answers by; empty where none does.
    """
    if rubric and style != "pretrained":
        # A brace of the rubric's own is none of the template's slots.
        harmless = re.sub(r"\{(trajectory|exemplars)\}", r"(\1)", rubric)
        return _make(
            JUDGED,
            solution_format="\nInstruction: {solution}\nScore: {score}\n",
            solution_format_without_score="\nInstruction: {solution}\n",
            exemplar_format="\nTask:\n{input}\nReference answer: {target}\n",
            rubric=harmless,
        )
    if style == "pretrained":
        return _make(
            PRETRAINED,
            solution_format="Precision: {score} <INS>{solution}</INS>\n",
            solution_format_without_score="<INS>{solution}</INS>\n",
            exemplar_format="{input}\n{target}\n",
        )
    return _make(
        TUNED,
        solution_format="\nInstruction: {solution}\nScore: {score}\n",
        solution_format_without_score="\nInstruction: {solution}\n",
        exemplar_format="\nProblem:\n{input}\nRight answer: {target}\n",
    )


def general_template(style: str, description: str, *, minimize: bool) -> Template:
    """The meta-prompt for tasks that compute their score.

    Args:
        style: `tuned` or `pretrained`.
        description: What is optimized and what a solution looks like.
        minimize: Whether a lower score is better.
    """
    direction = "lower" if minimize else "higher"
    if style == "pretrained":
        return _make(
            GENERAL_PRETRAINED,
            solution_format="Value: {score} <INS>{solution}</INS>\n",
            solution_format_without_score="<INS>{solution}</INS>\n",
            description=description,
            direction=direction,
        )
    return _make(
        GENERAL,
        solution_format="\nSolution: {solution}\nValue: {score}\n",
        solution_format_without_score="\nSolution: {solution}\n",
        description=description,
        direction=direction,
    )


def _make(
    text: str,
    *,
    solution_format: str,
    solution_format_without_score: str,
    exemplar_format: str = "{input}\n{target}\n",
    **words: str,
) -> Template:
    tags = {"placeholder": "<INS>", "open": "<INS>", "close": "</INS>"}
    return Template(
        instructions=fill(text, words | tags),
        solution_format=solution_format,
        solution_format_without_score=solution_format_without_score,
        exemplar_format=exemplar_format,
    )

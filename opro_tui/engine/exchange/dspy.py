"""The best instruction as a DSPy program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.engine.exchange.carry import carried
from opro_tui.engine.exchange.report import SIMULATED

if TYPE_CHECKING:
    from opro_tui.engine.session import Session

_PROGRAM = '''\
# The best solution of an opro-tui session, as a DSPy program.
# Session, solution and metric there: {origin}
# DSPy adds a frame of its own around the instruction, so scores can differ from those measured.
{simulated}import dspy

INSTRUCTIONS = {instructions}

# Pairs of a question and its right answer, {split}.
EXAMPLES = [
{examples}]


class Question(dspy.Signature):
    """Answer the question."""

    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


class Program(dspy.Module):
    def __init__(self):
        super().__init__()
        self.answer = dspy.Predict(Question.with_instructions(INSTRUCTIONS))

    def forward(self, question):
        return self.answer(question=question)


if __name__ == "__main__":
    dspy.configure(lm=dspy.LM({model}, temperature={temperature}))
    program = Program()
    for question, target in EXAMPLES:
        print(program(question=question).answer, "| right:", target)
'''


def dspy_program(session: Session) -> str:
    """A Python file with the best solution as a module's instruction, and some examples.

    Texts stand in it as literals of ASCII, so that none of them can be code.

    Raises:
        BadInput: The task has no prompt, or nothing is fully scored yet.
    """
    found = carried(session, "dspy", lambda _: True)
    settings = session.state.settings
    examples = "".join(f"    ({e.input!a}, {e.target!a}),\n" for e in found.examples)
    origin = (session.name, found.best.id, found.metric)
    model = settings.scorer.replace("ollama/", "ollama_chat/", 1)
    simulated = f"# {SIMULATED} Put a model of yours in.\n" if session.record.simulated else ""
    if "/" not in model:
        model = "openai/YOUR-MODEL"
    return _PROGRAM.format(
        origin=ascii(origin),
        simulated=simulated,
        instructions=ascii(found.best.text),
        split="held out" if found.held_out else "which the instruction was trained on",
        examples=examples,
        model=ascii(model.replace("openai-responses/", "openai/", 1)),
        temperature=float(settings.scorer_temperature),
    )

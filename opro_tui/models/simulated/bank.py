"""What the simulated models know of instructions: strategies, phrases for each, synonyms."""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

STRATEGIES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "stepwise": (
            r"\b(?:steps?|stepwise|stages?|one at a time|in sequence|in order)\b",
            (
                "Move through the solution one small step after another.",
                "Number off each step in your head and carry it out in order.",
                "Take the stages of the problem one at a time.",
                "Show every step between the question and the result.",
                "Let each step rest on the one before it.",
                "Proceed in sequence and skip no step.",
                "Work in short, visible steps.",
                "Finish one step before you begin the next step.",
            ),
        ),
        "decompose": (
            r"\b(?:break\w*|split\w*|divid\w*|parts?|pieces?|sub-?problems?|smaller)\b",
            (
                "Split the problem into smaller questions and answer each.",
                "Break the task apart before solving any of it.",
                "Divide what is described into pieces you can handle.",
                "Treat each part separately, and join the parts at the end.",
                "Find the smaller problem hidden inside the large one.",
                "Separate the story into its pieces and settle them in turn.",
                "Turn one hard question into several smaller ones.",
                "Sort out which part depends on which.",
            ),
        ),
        "verify": (
            r"\b(?:(?:double-?|re-?)?check\w*|verif\w*|confirm\w*|sanity|review\w*|audit\w*)",
            (
                "Check the result against the question before you commit to it.",
                "Verify each calculation a second time.",
                "Confirm that the result makes sense in the story.",
                "Review your work for slips.",
                "Double-check the last line of your working.",
                "Do a quick sanity test of what you found.",
                "Put the result back into the question and check that it fits.",
                "Audit every intermediate result.",
            ),
        ),
        "units": (
            r"\b(?:units?|currenc\w*|measur\w*|dimensions?|conver(?:t|sion)\w*)\b",
            (
                "Keep the units beside every number.",
                "Convert everything to one unit before combining.",
                "Watch for changes of currency or measure.",
                "Say in which unit each quantity is measured.",
                "Let the units tell you which operation is meant.",
                "Make sure that the dimensions agree.",
                "Carry the unit along until the end.",
                "Mind the conversion between units.",
            ),
        ),
        "restate": (
            r"\b(?:restat\w*|rephras\w*|own words|retell\w*|say back|reword\w*)\b",
            (
                "Restate the question in your own words.",
                "Rephrase what is being asked until it is plain.",
                "Retell the situation before working on it.",
                "Say back the question in a single sentence.",
                "Put the problem into your own words first.",
                "Reword the question so that nothing in it is vague.",
                "Begin by restating what you are after.",
                "Rephrase each sentence as a plain statement.",
            ),
        ),
        "knowns": (
            r"\b(?:lists?|write down|note down|givens?|known|facts?|quantit\w+|inventory)\b",
            (
                "Write down the known quantities.",
                "List the facts before using any of them.",
                "Note down what is given and what is missing.",
                "Collect every given in one place.",
                "Take inventory of the facts in the question.",
                "Name each quantity and its value.",
                "Start from a list of all that is known.",
                "Gather the facts, then decide how they relate.",
            ),
        ),
        "equation": (
            r"\b(?:equations?|formulas?|formulae|variables?|algebra\w*|symbols?|unknowns?)\b",
            (
                "Set up an equation and solve it.",
                "Give a variable to whatever is not known yet.",
                "Translate the sentences into algebra.",
                "Write the formula before you put numbers in.",
                "Let symbols stand for the unknowns.",
                "Express the relation as an equation.",
                "Pick the formula that ties the values together.",
                "Isolate the unknown and compute it.",
            ),
        ),
        "table": (
            r"\b(?:tables?|charts?|diagrams?|columns?|rows?|sketch\w*|draw\w*|timeline)\b",
            (
                "Arrange the data in a small table.",
                "Sketch a diagram of the situation.",
                "Draw a timeline of what happens.",
                "Use one row for each person or thing.",
                "Picture the problem as a chart.",
                "Fill in a table with a column per quantity.",
                "Make a rough sketch in words.",
                "Draw up the cases in columns.",
            ),
        ),
        "estimate": (
            r"\b(?:estimat\w*|rough(?:ly)?|approximat\w*|ballpark|guess\w*|magnitude)\b",
            (
                "Estimate the result before working it out.",
                "Make a rough guess to steer by.",
                "Ask yourself what magnitude you expect.",
                "Get a ballpark figure first.",
                "Approximate, and refine afterwards.",
                "Compare the result with an early estimate.",
                "Guess boldly and correct the guess.",
                "Round roughly where it does no harm.",
            ),
        ),
        "careful": (
            r"\b(?:careful\w*|attentive\w*|attention|slow\w*|precis\w*|closely|patien\w*|thorough\w*)",
            (
                "Read slowly and pay attention to every word.",
                "Be careful with small words such as each and half.",
                "Look closely at what the sentence really says.",
                "Be precise at every point.",
                "Take your time and be thorough.",
                "Give your full attention to the details.",
                "Work with patience rather than speed.",
                "Go carefully wherever a mistake would be easy.",
            ),
        ),
        "format": (
            (
                r"\b(?:final (?:answer|result)|last line|(?:end|finish|close|conclude) (?:with|by)"
                r"|answer alone|plainly|the answer is)\b"
            ),
            (
                "End with the answer alone on the last line.",
                "Close with a sentence that gives the final answer.",
                "Conclude with the words “the answer is” and the answer.",
                "State the final answer plainly.",
                "Finish by writing the result and nothing after it.",
                "Put the final result on the last line.",
                "End with one clear final answer.",
                "Finish with the answer alone.",
            ),
        ),
        "role": (
            (
                r"\b(?:you are an?|act as|as an? (?:expert|teacher|tutor)|expert|teacher|professor"
                r"|detective|accountant|imagine you)\b"
            ),
            (
                "You are a patient teacher explaining to a class.",
                "Act as an expert in problems of this kind.",
                "You are a detective who trusts evidence only.",
                "Imagine you are the author of the answer key.",
                "Answer as a teacher would at the board.",
                "You are an accountant who never loses a penny.",
                "Act as a professor marking a careful student.",
                "You are an expert who likes simple methods.",
            ),
        ),
        "encourage": (
            r"\b(?:you can|believe|confiden\w*|important|proud|pride|matters|worth|trust your)\b",
            (
                "You can do this well.",
                "This is important, so give it your best.",
                "Trust your plan and go on.",
                "Be confident in your method.",
                "Take pride in getting it right.",
                "Getting this right matters a great deal.",
                "Believe in the plan you have made.",
                "A clean solution is worth the effort.",
            ),
        ),
        "brief": (
            (
                r"\b(?:brief\w*|short(?:ly)?|concise\w*|few words|directly|terse\w*|immediately"
                r"|without explan\w+)\b"
            ),
            (
                "Answer in as few words as possible.",
                "Be concise.",
                "Reply directly without explanation.",
                "Keep it brief.",
                "Give a short reply.",
                "Respond immediately with the result.",
                "Be terse and leave out the working.",
                "Answer directly.",
            ),
        ),
        "backward": (
            r"\b(?:backwards?|from the end|goal|what is (?:asked|wanted)|in reverse|target)\b",
            (
                "Start from the goal and work backward.",
                "Settle what is asked before anything else.",
                "Think in reverse from the result that is wanted.",
                "Ask what you would need to know to reach the goal.",
                "Keep the goal in view the whole time.",
                "Trace the chain backward from the last sentence.",
                "Read from the end, since what is wanted stands there.",
                "Let the target decide which facts you use.",
            ),
        ),
        "options": (
            r"\b(?:options?|choices?|eliminat\w*|rul(?:e|ing) out|alternatives?|possibilit\w+)\b",
            (
                "Eliminate what cannot be right.",
                "Weigh all the options before choosing.",
                "Rule out the alternatives that contradict the text.",
                "Test each choice in turn.",
                "Consider every possibility and keep the best.",
                "Compare the two most likely options.",
                "Say why the other choices fail.",
                "Narrow the possibilities until one remains.",
            ),
        ),
        "analogy": (
            r"\b(?:similar|analog\w*|remind\w*|patterns?|like one|familiar|simpler case)\b",
            (
                "Recall a similar problem and how it was solved.",
                "Look for a pattern you have met before.",
                "Try a simpler case first.",
                "Find an analogy from daily life.",
                "Ask what familiar problem this reminds you of.",
                "Reuse a method that worked on something similar.",
                "Spot the pattern behind the story.",
                "Solve a familiar version and adapt it.",
            ),
        ),
        "logic": (
            r"\b(?:logic\w*|reason\w*|because|justif\w*|explain\w*|infer\w*|deduc\w*|follows)\b",
            (
                "Reason from what is stated to what follows.",
                "Justify every claim you make.",
                "Explain why each move is allowed.",
                "Deduce only what the text supports.",
                "Lay out the logic in full.",
                "Infer nothing that is not stated.",
                "Give a reason for each thing you write.",
                "Follow the logic wherever it leads.",
            ),
        ),
        "traps": (
            r"\b(?:traps?|tricks?|distract\w*|irrelevant|ignor\w*|misread\w*|mislead\w*|ambigu\w*)\b",
            (
                "Ignore details that are irrelevant.",
                "Look out for traps in the wording.",
                "Do not let extra numbers distract you.",
                "Ask where a hasty reader would misread it.",
                "Set aside whatever is misleading.",
                "Settle anything ambiguous before going on.",
                "Expect a trick and find it.",
                "Separate the irrelevant from the essential.",
            ),
        ),
    }
)
"""Strategy to the wording that shows it, and phrases that express it."""

_PATTERNS: Final = {
    name: re.compile(pattern, re.IGNORECASE) for name, (pattern, _) in STRATEGIES.items()
}

_LONGEST_READ: Final = 4000

BLAND: Final = (
    "Solve the task.",
    "Answer the question.",
    "Read this and respond.",
    "Do what is asked.",
    "Here is a question for you.",
    "Please help with the following.",
    "Look at the text and reply.",
    "Let us see what comes out.",
    "Consider the following.",
    "Please give an answer.",
    "Now it is your turn.",
    "Try to respond well.",
    "Think about it.",
    "Have a look at the problem.",
)
"""What is written when nothing is known of the task: harmless, and of little use."""

CONNECTORS: Final = ("Then", "Next,", "After that,", "Also,", "Finally,", "And", "First,")
"""What may stand between two clauses; removed when a text is taken apart."""

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "problem": ("task", "question", "exercise"),
        "method": ("approach",),
        "fact": ("detail",),
        "details": ("particulars",),
        "text": ("wording",),
        "trust": ("rely on",),
        "mistake": ("slip",),
        "decide": ("settle",),
        "question": ("problem", "task"),
        "task": ("problem", "exercise"),
        "solve": ("work out", "resolve", "tackle"),
        "result": ("outcome", "answer"),
        "carefully": ("thoroughly", "with patience", "attentively"),
        "careful": ("thorough", "attentive"),
        "each": ("every",),
        "every": ("each",),
        "check": ("verify", "confirm", "review"),
        "verify": ("check", "confirm"),
        "find": ("determine", "work out"),
        "break": ("split", "divide"),
        "split": ("break", "divide"),
        "step": ("stage",),
        "steps": ("stages",),
        "parts": ("pieces",),
        "pieces": ("parts",),
        "small": ("short", "little"),
        "begin": ("start",),
        "start": ("begin",),
        "show": ("lay out",),
        "quantities": ("values", "amounts"),
        "numbers": ("figures", "values"),
        "consider": ("weigh",),
        "use": ("apply",),
        "first": ("to begin with",),
        "then": ("next", "afterwards"),
        "plain": ("clear",),
        "clear": ("plain",),
        "give": ("provide",),
        "state": ("give",),
        "let's": ("let us",),
    }
)


@lru_cache(maxsize=8192)
def strategies_in(text: str) -> frozenset[str]:
    """The strategies whose wording a text shows."""
    read = text[:_LONGEST_READ]
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(read))

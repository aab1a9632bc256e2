"""Rows of a bundle as examples: their labels, why they have them, and each step of a verified explanation.

Only what a receipt vouches for is an example: the text and the calls of an explanation that was verified, of a row on
which the predictor is right.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.classifier import Classifier
from agent.evaluation.methods.base import asked_why
from agent.evaluation.methods.hybrid import Hybrid
from agent.evaluation.methods.label_only import LabelOnly
from agent.evaluation.plain import without_marks
from agent.explanation.result import Explanation
from agent.explanation.template import assemble
from agent.llm.choosers import RuleChat, UniformChat
from agent.prompts import ENOUGH, task_of
from agent.training.example import Example
from agent.training.recording import Recorder
from tools.bundle import Bundle
from tools.observation import show_name
from tools.row_prompt import RowPrompt

__all__ = ["RECIPES", "Recipe", "examples_of", "template_of", "validation"]

Recipe = Literal["label-only", "explain"]
RECIPES: tuple[Recipe, ...] = ("label-only", "explain")
REASONS = 4  # features that an explanation names: more do not fit into the tokens of a free answer
ROWS = 500  # of a bundle, at most
TRIES = 4  # explanations of a row: the one that says most of what its question shows is learned
VALIDATION = 6  # rows of each bundle that are not trained on, and at most a tenth
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


def examples_of(bundle: Bundle, recipe: Recipe, table: str, rows: int = ROWS, seed: int = 0) -> Iterator[Example]:
    """Yield the examples that a bundle's training rows make.

    Parameters
    ----------
    bundle : Bundle
    recipe : {"label-only", "explain"}
        The label and nothing else, as people do it; or the label and why, with what the tools found in the question,
        and the steps of an explanation as the agent makes it.
    table : str
        Its name.
    rows : int
        How many rows at most.
    seed : int
        Which rows, and in which words.
    """
    make = _label_only if recipe == "label-only" else _explained
    for number in _shuffled(bundle, seed)[len(validation(bundle, seed)) :][:rows]:
        yield from make(bundle, int(number), table)


def validation(bundle: Bundle, seed: int = 0) -> list[int]:
    """Return the numbers of the training rows that are no examples: a training is judged on them."""
    order = _shuffled(bundle, seed)
    return [int(number) for number in order[: min(VALIDATION, len(order) // 10)]]


def _shuffled(bundle: Bundle, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(np.flatnonzero(bundle.train))


def template_of(bundle: Bundle) -> RowPrompt:
    """Return the question that the recipe label-only asks about a bundle's rows, for `fit --predictor llm:`."""
    return LabelOnly(bundle, RuleChat(), REASONS).prompt


def _label_only(bundle: Bundle, number: int, table: str) -> Iterator[Example]:
    recorder = Recorder(teacher=lambda _, __: int(bundle.y[number]))
    method = LabelOnly(bundle, recorder, REASONS)
    method.label(method.asked(bundle.features_of(number)))
    yield from recorder.examples("label", table)


def _explained(bundle: Bundle, number: int, table: str) -> Iterator[Example]:
    """Yield the label of a row and why it has it, and the choices of the agent on the way there."""
    row, labels, bundle = bundle.features_of(number), bundle.schema.labels, bundle.without(number)
    label, chance = labels[bundle.y[number]], np.random.default_rng(number)
    names = [f" {show_name(name)}" for name in labels]

    def choose(text: str, options: Sequence[str]) -> int:
        if list(options) == names:
            return labels.index(label)
        if text.startswith("1."):
            return int(chance.integers(len(options)))  # all are true
        return int(options[0] == ENOUGH and len(options) > 1)  # the rule calls what there is to call

    agent = Recorder(teacher=choose)
    told = Classifier(bundle, agent, top=REASONS, decide="llm", style="strict").classify(row)
    if told.decision.predictor != label or not told.verification.ok:
        return  # an explanation is of the predictor's answer: where that is wrong there is nothing to learn
    asked = Hybrid(bundle, RuleChat(), REASONS).asked(row)
    why = max((shown_in(_told(bundle, number, seed), str(asked[-1].text)) for seed in range(TRIES)), key=len)
    recorder = Recorder(teacher=lambda _, __: labels.index(label), write=lambda _: why)
    method = Hybrid(bundle, recorder, REASONS)
    method.label(asked)
    yield from recorder.examples("label", table)
    method.words(asked_why(asked, label))
    yield from recorder.examples("why", table)
    yield from _one_of_each(list(agent.examples(task_of, table)), chance)


def _one_of_each(examples: Sequence[Example], chance: np.random.Generator) -> Iterator[Example]:
    """Yield one example of each kind: the steps of one row resemble each other."""
    for kind in sorted({example.kind for example in examples}):
        same = [example for example in examples if example.kind == kind]
        yield same[int(chance.integers(len(same)))]


def _told(bundle: Bundle, number: int, seed: int) -> Explanation:
    """Return an explanation in words chosen by chance."""
    chat = UniformChat(seed=TRIES * number + seed)
    return Classifier(bundle, chat, top=REASONS, decide="predictor").classify(bundle.features_of(number))


def shown_in(told: Explanation, prompt: str) -> str:
    """Return the sentences of an explanation whose numbers all stand in a prompt: a model can learn no others.

    Parameters
    ----------
    told : Explanation
    prompt : str
    """
    known = set(_NUMBER.findall(prompt))
    plain = [without_marks(step.text) for step in told.steps]
    kept = [text for text in plain if set(_NUMBER.findall(text)) <= known]
    return without_marks(assemble(kept))

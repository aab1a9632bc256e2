"""Rows of a bundle as examples: their labels, and why they have them in the words of a verified explanation."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from agent.classifier import Classifier
from agent.evaluation.methods.base import asked_why
from agent.evaluation.methods.hybrid import Hybrid
from agent.evaluation.methods.label_only import LabelOnly
from agent.evaluation.plain import without_marks
from agent.llm.choosers import RuleChat, UniformChat
from agent.training.example import Example
from agent.training.recording import Recorder
from tools.bundle import Bundle

__all__ = ["RECIPES", "Recipe", "examples_of"]

Recipe = Literal["label-only", "explain"]
RECIPES: tuple[Recipe, ...] = ("label-only", "explain")
REASONS = 4  # features that an explanation names: more do not fit into the tokens of a free answer
ROWS = 500  # of a bundle, at most


def examples_of(bundle: Bundle, recipe: Recipe, table: str, rows: int = ROWS, seed: int = 0) -> Iterator[Example]:
    """Yield the examples that a bundle's training rows make.

    Parameters
    ----------
    bundle : Bundle
    recipe : {"label-only", "explain"}
        The label and nothing else, as people do it; or the label and why, with what the tools found in the question,
        and every step of an explanation as the agent makes it.
    table : str
        Its name.
    rows : int
        How many rows at most.
    seed : int
        Which rows, and in which words.
    """
    chance = np.random.default_rng(seed)
    numbers = chance.permutation(np.flatnonzero(bundle.train))[:rows]
    make = _label_only if recipe == "label-only" else _explained
    for number in numbers:
        yield from make(bundle, int(number), table)


def _label_only(bundle: Bundle, number: int, table: str) -> Iterator[Example]:
    recorder = Recorder(teacher=lambda _, __: int(bundle.y[number]))
    method = LabelOnly(bundle, recorder, REASONS)
    method.label(method.asked(bundle.features_of(number)))
    yield from recorder.examples("label", table)


def _explained(bundle: Bundle, number: int, table: str) -> Iterator[Example]:
    """Yield the label of a row and why it has it, and the choices of the agent on the way there."""
    row, labels = bundle.features_of(number), bundle.schema.labels
    told = Classifier(bundle, UniformChat(seed=number), top=REASONS, decide="predictor").classify(row)
    asked = Hybrid(bundle, RuleChat(), REASONS).asked(row)
    recorder = Recorder(
        teacher=lambda _, __: labels.index(told.label),
        write=lambda _: without_marks(told.text),
    )
    method = Hybrid(bundle, recorder, REASONS)
    if (
        labels[bundle.y[number]] == told.label
    ):  # an explanation is of the predictor's label: what it gets wrong is no example
        method.label(asked)
        yield from recorder.examples("label", table)
        method.words(asked_why(asked, told.label))
        yield from recorder.examples("why", table)

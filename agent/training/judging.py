"""How good a model's explanations are while it is trained: the measures of `evaluate` on what it is not trained on.

A loss can go on falling while explanations get worse; the adapter that is kept is the best by these.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest

import numpy as np

from agent.evaluation.methods import Method
from agent.evaluation.methods.agents import AgentStrict
from agent.evaluation.methods.hybrid import Hybrid
from agent.evaluation.methods.label_only import LabelOnly
from agent.evaluation.scoring import score
from agent.explanation.evidence import Evidence
from agent.explanation.prose import ProseWriter
from agent.llm.choosers import RuleChat
from agent.llm.forking import ForkingChat
from agent.loop import gather
from agent.prompts import explaining
from agent.training.invented import invented, known_tables
from agent.training.rows import Recipe, validation
from agent.training.trainer import QUALITY
from tools.bundle import Bundle

__all__ = ["Judge", "by_rows", "by_sentences"]

Judge = Callable[[ForkingChat], dict[str, float]]
FREE, CONSTRAINED = 6, 1  # rows of all bundles together: evaluation should take no more than a tenth of a training
FAULTS = ("label_only", "echo", "invented_numbers", "false_comparisons", "contradiction")
REASONS = 4


def by_rows(bundles: Sequence[Bundle], recipe: Recipe, seed: int) -> Judge:
    """Judge by rows that are no examples: explained in free words, and by the agent.

    Parameters
    ----------
    bundles : sequence of Bundle
    recipe : {"label-only", "explain"}
    seed : int
        As of the examples.
    """
    free: type[Method] = LabelOnly if recipe == "label-only" else Hybrid

    def judge(chat: ForkingChat) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        rows = list(zip_longest(*(validation(bundle, seed) for bundle in bundles)))
        turns = [(bundle, row) for some in rows for bundle, row in zip(bundles, some, strict=True) if row is not None]
        for name, kind, some in (("free", free, turns[:FREE]), ("agent", AgentStrict, turns[:CONSTRAINED])):
            for bundle, number in some:
                method = kind(bundle.without(number), chat, min(REASONS, len(bundle.schema.features)))
                for metric, value in _scored(method, bundle, number).items():
                    found.setdefault(f"{name}_{metric}", []).append(value)
        means = {metric: float(np.mean(values)) for metric, values in found.items()}
        return {QUALITY: means.get("free_clean", 0.0), **means}

    return judge


def _scored(method: Method, bundle: Bundle, number: int) -> dict[str, float]:
    """Return whether an explanation is right and without any fault, and which it has."""
    row = bundle.features_of(number)
    written = method.write(row)
    record = {
        "answer": written.answer,
        "text": written.text,
        "question": written.question,
        "observations": [call.model_dump(mode="json") for call in written.observations],
        "decision": None if written.decision is None else dict(written.decision),
    }
    scores = score(bundle, row, record).scores
    faults = {fault: scores[fault][0] for fault in FAULTS}
    right = float(written.answer == bundle.schema.labels[bundle.y[number]])
    clean = float(not any(faults.values()))
    return {"accuracy": right, "clean": clean, "faithful": scores["fully_faithful"][0], **faults}


def by_sentences(tables: int = 2, rows: int = 3, seed: int = 1_000_000) -> Judge:
    """Judge by sentences about invented tables that are not trained on: the share that passes the first time."""

    def judge(chat: ForkingChat) -> dict[str, float]:
        chance, known, asked, passed = np.random.default_rng(seed), known_tables(), 0, 0
        for _ in range(tables):
            bundle = invented(known, chance)
            for number in np.flatnonzero(~bundle.train)[:rows]:
                evidence = Evidence(gather(bundle, bundle.features_of(int(number)), RuleChat(), REASONS))
                writer = ProseWriter(evidence, REASONS, chat, explaining(evidence))
                writer.write()
                asked, passed = asked + writer.asked, passed + writer.passed
        return {QUALITY: passed / max(1, asked)}

    return judge

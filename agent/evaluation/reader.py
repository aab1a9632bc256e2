"""A small reader: what a language model that sees only the reasons takes for the answer, and foresees of a change.

Sentences that say the answer or its probability are taken out first, so that there is something to find out
(simulatability, Doshi-Velez and Kim 2017; without leaking the label, Hase et al. 2020, arXiv 2010.04119).
"""

import math
from collections.abc import Sequence

from langchain_core.messages import HumanMessage, SystemMessage

from agent.evaluation.told import Told
from agent.llm.forking import ForkingChat
from tools.observation import show_name
from tools.schema import Schema

__all__ = ["foresee", "guess"]

REASONS = "These are reasons that were given for the label of a row:\n{reasons}\n"
LABEL = "Which label do they speak for: {options}?"
CHANGE = "If {feature} had its usual value instead, would the label {label} become {options}?"


def guess(told: Told, schema: Schema, chat: ForkingChat) -> dict[str, float]:
    """Return how probable a model finds each label, from the reasons alone."""
    return _answered(told, LABEL, {label: show_name(label) for label in schema.labels}, chat)


def foresee(told: Told, feature: str, chat: ForkingChat) -> float:
    """Return how probable a model finds it that the answer loses probability if a feature had its usual value."""
    asked = CHANGE.format(feature=show_name(feature), label=show_name(told.evidence.label), options="{options}")
    return _answered(told, asked, {"less": "less likely", "more": "more likely"}, chat)["less"]


def _answered(told: Told, asked: str, options: dict[str, str], chat: ForkingChat) -> dict[str, float]:
    """Return the probability of each option, the mean over both orders in which they are shown."""
    reasons = " ".join(s.text for s in told.sentences if not s.claims.of_answer) or "none"
    found = dict.fromkeys(options, 0.0)
    orders: tuple[Sequence[str], ...] = (list(options.values()), list(options.values())[::-1])
    for order in orders:
        question = (REASONS + asked).replace("{options}", " or ".join(order)).replace("{reasons}", reasons)
        messages = [SystemMessage("You read an explanation carefully."), HumanMessage(question)]
        scores = chat.score(messages, "Answer:", [f" {shown}" for shown in options.values()])
        for option, score in zip(options, scores, strict=True):
            found[option] += math.exp(score) / len(orders)
    return found

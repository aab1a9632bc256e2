"""A small reader: what a language model that sees only the reasons takes for the answer.

Sentences that say the answer or its probability are taken out first, so that there is something to find out
(simulatability, Doshi-Velez and Kim 2017; without leaking the label, Hase et al. 2020, arXiv 2010.04119).
"""

import math

from langchain_core.messages import HumanMessage, SystemMessage

from agent.evaluation.told import Told
from agent.llm.forking import ForkingChat
from tools.observation import show_name
from tools.schema import Schema

__all__ = ["guess"]

ASKED = "These are reasons that were given for the label of a row:\n{reasons}\nWhich label do they speak for: {labels}?"


def guess(told: Told, schema: Schema, chat: ForkingChat) -> dict[str, float]:
    """Return how probable a model finds each label, from the reasons alone; the mean over both orders of the labels."""
    reasons = " ".join(s.text for s in told.sentences if not s.claims.of_answer) or "none"
    options = [f" {show_name(label)}" for label in schema.labels]
    found = dict.fromkeys(schema.labels, 0.0)
    for order in (schema.labels, schema.labels[::-1]):
        asked = ASKED.format(reasons=reasons, labels=" or ".join(map(show_name, order)))
        messages = [SystemMessage("You read an explanation carefully."), HumanMessage(asked)]
        for label, score in zip(schema.labels, chat.score(messages, "Label:", options), strict=True):
            found[label] += math.exp(score) / 2
    return found

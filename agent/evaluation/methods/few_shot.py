"""Few-shot: solved examples before the question, always the same ones or the nearest training rows.

The examples' explanations are true ones, written by the rule writer; the model has no tools, only the examples.
"""

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from agent.classifier import Classifier
from agent.evaluation.methods.base import WHY, Method, Written
from agent.evaluation.plain import without_marks
from agent.llm.choosers import RuleChat
from tools.observation import show_name
from tools.schema import Row

__all__ = ["FewShot", "FewShotNearest"]

EXAMPLES = 3
REASONS = 3  # features that an example names


class FewShot(Method):
    """One training row of each label, at most three: the same for every question."""

    name = "few-shot"

    def write(self, row: Row) -> Written:
        """Classify one row and say why."""
        told = [turn for number in self._examples(row) for turn in self._example(number)]
        return self.reasoned([self.system, *told, HumanMessage(self.question(row))])

    def _examples(self, row: Row) -> list[int]:  # noqa: ARG002 - the nearest ones depend on it
        found = []
        for code in range(min(EXAMPLES, len(self.labels))):
            rows = np.flatnonzero(self.bundle.train & (self.bundle.y == code))
            found.append(int(rows[len(rows) // 2]))
        return found

    def _example(self, number: int) -> list[BaseMessage]:
        """Return a training row as a question with its answers."""
        row, label = self.bundle.features_of(number), self.labels[self.bundle.y[number]]
        explained = Classifier(self.bundle, RuleChat(), top=REASONS).classify(row)
        why = without_marks(explained.text)
        return [
            HumanMessage(self.question(row)),
            AIMessage(f"Label: {show_name(label)}"),
            HumanMessage(WHY),
            AIMessage(why),
        ]


class FewShotNearest(FewShot):
    """The nearest labelled training rows, the nearest one last."""

    name = "few-shot-nearest"

    def _examples(self, row: Row) -> list[int]:
        found = self.bundle.neighbours.similar(self.bundle.schema.encode_row(row), EXAMPLES + 1)
        others = [int(near["row"]) for near in found["rows"] if near["distance"] > 0]  # not the row itself
        return others[:EXAMPLES][::-1]

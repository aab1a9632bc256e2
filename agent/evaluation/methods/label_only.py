"""Label only: the model is asked for the label alone, and afterwards why."""

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from agent.evaluation.methods.base import Method, Written
from tools.row_prompt import RowPrompt
from tools.schema import Row

__all__ = ["LabelOnly"]


class LabelOnly(Method):
    """What people who train a model on labels have: an answer, and then a question that it was not made for."""

    name = "label-only"
    chooses = True

    def asked(self, row: Row) -> list[BaseMessage]:
        """Return the question for the label."""
        prompt = self.prompt
        return [SystemMessage(prompt.filled(row, "system")), HumanMessage(prompt.filled(row, "user"))]

    @property
    def prompt(self) -> RowPrompt:
        """The question for a row that is yet to come."""
        return RowPrompt.default(self.labels, [entry["feature"] for entry in self.bundle.importance])

    def write(self, row: Row) -> Written:
        """Classify one row and say why."""
        return self.reasoned(self.asked(row), "Why?")

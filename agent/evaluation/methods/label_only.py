"""Label only: the model is asked for the label alone, and afterwards why."""

from langchain_core.messages import BaseMessage, HumanMessage

from agent.evaluation.methods.base import Method, Written
from tools.schema import Row

__all__ = ["LabelOnly"]


class LabelOnly(Method):
    """What people who train a model on labels have: an answer, and then a question that it was not made for."""

    name = "label-only"
    chooses = True

    def asked(self, row: Row) -> list[BaseMessage]:
        """Return the question for the label."""
        return [self.system, HumanMessage(f"{self.question(row)} Answer with the label alone.")]

    def write(self, row: Row) -> Written:
        """Classify one row and say why."""
        return self.reasoned(self.asked(row), "Why?")

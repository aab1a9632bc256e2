"""Chain of thought: the model thinks step by step in free words, and then names the label."""

from langchain_core.messages import AIMessage, HumanMessage

from agent.evaluation.methods.base import Method, Written
from tools.schema import Row

__all__ = ["ChainOfThought"]

STEPS = "Let's think step by step: look at the features one by one, say what each value speaks for, and then conclude."


class ChainOfThought(Method):
    """Zero-shot chain of thought (Kojima et al. 2022, arXiv 2205.11916): reasons first, answer last."""

    name = "cot"

    def write(self, row: Row) -> Written:
        """Classify one row and say why."""
        asked = f"{self.question(row)}\n{STEPS}"
        messages = [self.system, HumanMessage(asked)]
        thoughts = self.words(messages)
        answer, probabilities = self.label([*messages, AIMessage(thoughts), HumanMessage("So which label is it?")])
        return Written(answer, probabilities, thoughts, asked)

"""The agent of this project, in both styles, and its rule writer."""

from typing import ClassVar

from agent.classifier import Classifier, Style
from agent.decision import final_probabilities
from agent.evaluation.methods.base import Method, Written
from agent.llm.choosers import RuleChat
from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.observation import show_name
from tools.schema import Row

__all__ = ["AgentProse", "AgentStrict", "ByRule"]


class AgentStrict(Method):
    """Tools, a grammar of true sentences, and a model that chooses among them."""

    name = "agent-strict"
    chooses = True
    style: ClassVar[Style] = "strict"

    def __init__(self, bundle: Bundle, chat: ForkingChat, top: int) -> None:
        super().__init__(bundle, chat, top)
        self._classifier = Classifier(bundle, chat, top=top, style=self.style)

    def write(self, row: Row) -> Written:
        """Classify one row and say why."""
        found = self._classifier.classify(row)
        probabilities = final_probabilities(found.probabilities, found.decision)
        asked = f"Here is a row: {self.described(row)}.\nWhy is this row classified as {show_name(found.label)}?"
        return Written(found.label, probabilities, found.text, asked, found.observations, found.decision.model_dump())


class AgentProse(AgentStrict):
    """The same with free words between the facts, each sentence read back and checked."""

    name = "agent-prose"
    chooses = False
    style = "prose"


class ByRule(AgentStrict):
    """The same without any model: the template baseline."""

    name = "rule"
    chooses = False

    def __init__(self, bundle: Bundle, chat: ForkingChat, top: int) -> None:  # noqa: ARG002 - no model is asked
        super().__init__(bundle, RuleChat(), top)

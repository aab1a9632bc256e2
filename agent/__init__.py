"""An agentic, tool-using classifier: the model chooses the words, the tools own the numbers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.classifier import Classifier
    from agent.conversation.answer import Answer
    from agent.estimator import AgentClassifier
    from agent.explanation.narrate import narrate
    from agent.explanation.result import Explanation
    from agent.explanation.verify import verify

__all__ = ["AgentClassifier", "Answer", "Classifier", "Explanation", "narrate", "verify"]

_HOME = {
    "AgentClassifier": "agent.estimator",
    "Answer": "agent.conversation.answer",
    "Classifier": "agent.classifier",
    "Explanation": "agent.explanation.result",
    "narrate": "agent.explanation.narrate",
    "verify": "agent.explanation.verify",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that `tallystick --help` and the calculator start at once."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)

"""What fine-tuning does to explanations: the same questions, put to a model that was trained on labels, or on reasons.

A model trained on labels alone is asked why, asked to think step by step, shown solved examples, and put to work in the
agent; one trained with the recipe that keeps explanations is asked why, and put to work in the agent.
"""

from agent.evaluation.methods.agents import AgentStrict
from agent.evaluation.methods.chain import ChainOfThought
from agent.evaluation.methods.few_shot import FewShot
from agent.evaluation.methods.hybrid import Hybrid
from agent.evaluation.methods.label_only import LabelOnly

__all__ = [
    "FineTunedExplain",
    "FineTunedExplainAgent",
    "FineTunedLabelOnly",
    "FineTunedLabelOnlyAgent",
    "FineTunedLabelOnlyChain",
    "FineTunedLabelOnlyFewShot",
]


class FineTunedLabelOnly(LabelOnly):
    """Trained on labels alone, and asked why."""

    name = "fine-tuned-label-only"
    recipe = "label-only"
    chooses = False


class FineTunedLabelOnlyChain(ChainOfThought):
    """The same model, asked to think step by step."""

    name = "fine-tuned-label-only-cot"
    recipe = "label-only"


class FineTunedLabelOnlyFewShot(FewShot):
    """The same model, shown solved examples."""

    name = "fine-tuned-label-only-few-shot"
    recipe = "label-only"


class FineTunedLabelOnlyAgent(AgentStrict):
    """The same model in the agent."""

    name = "fine-tuned-label-only-agent"
    recipe = "label-only"
    chooses = False


class FineTunedExplain(Hybrid):
    """Trained on labels and on verified explanations, asked why without constraints."""

    name = "fine-tuned-explain"
    recipe = "explain"


class FineTunedExplainAgent(AgentStrict):
    """The same model in the agent."""

    name = "fine-tuned-explain-agent"
    recipe = "explain"
    chooses = False

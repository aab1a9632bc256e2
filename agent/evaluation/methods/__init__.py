"""The methods that are compared: each a small file that classifies one row and says why.

To add one, write a class with `name`, `chooses` and `write`, and put it into `METHODS`.
"""

from agent.evaluation.methods.agents import AgentProse, AgentStrict, ByRule
from agent.evaluation.methods.base import Method, Written
from agent.evaluation.methods.chain import ChainOfThought
from agent.evaluation.methods.few_shot import FewShot, FewShotNearest
from agent.evaluation.methods.fine_tuned import (
    FineTunedExplain,
    FineTunedExplainAgent,
    FineTunedLabelOnly,
    FineTunedLabelOnlyAgent,
    FineTunedLabelOnlyChain,
    FineTunedLabelOnlyFewShot,
)
from agent.evaluation.methods.hybrid import Hybrid
from agent.evaluation.methods.label_only import LabelOnly
from agent.evaluation.methods.template import StepTemplate

__all__ = ["METHODS", "Method", "Written"]

METHODS: dict[str, type[Method]] = {
    method.name: method
    for method in (
        LabelOnly,
        ChainOfThought,
        StepTemplate,
        FewShot,
        FewShotNearest,
        Hybrid,
        AgentStrict,
        AgentProse,
        ByRule,
        FineTunedLabelOnly,
        FineTunedLabelOnlyChain,
        FineTunedLabelOnlyFewShot,
        FineTunedLabelOnlyAgent,
        FineTunedExplain,
        FineTunedExplainAgent,
    )
}

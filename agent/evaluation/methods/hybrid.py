"""Hybrid: what the predictor and the tools say stands in the prompt, and the model writes without constraints."""

from langchain_core.messages import BaseMessage, HumanMessage

from agent.evaluation.methods.base import Method, Written
from agent.explanation.evidence import Evidence
from agent.prompts import gathered
from tools.schema import Row
from tools.toolbox import Toolbox

__all__ = ["Hybrid"]


class Hybrid(Method):
    """The predictor's probabilities, the contributions and the features' statistics as text."""

    name = "hybrid"

    def asked(self, row: Row) -> list[BaseMessage]:
        """Return the question for the label, with what the tools found."""
        toolbox = Toolbox(self.bundle, dict(row))
        toolbox.call("probability", {})
        toolbox.call("explain", {"top": self.top})
        entries = (Evidence(toolbox.observations).explained.result or {})["features"][: self.top]
        for entry in entries:
            if entry["value"] is not None:
                toolbox.call("feature_stats", {"feature": entry["feature"]})
        said = [gathered(call, self.bundle.schema).partition(": ")[2] for call in toolbox.observations]
        facts = "\n".join(f"- {line}" for line in said)
        asked = f"{self.question(row)}\nA predictor says, with what each feature contributes to its answer:\n{facts}"
        return [self.system, HumanMessage(asked)]

    def write(self, row: Row) -> Written:
        """Classify one row and say why."""
        return self.reasoned(self.asked(row))

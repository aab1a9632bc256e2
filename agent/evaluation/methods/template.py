"""Chain of thought with a step template: the model fills in form, one feature a step, and every answer can be parsed.

What is filled in is always well formed: a real feature with the row's value, a level, a label. Whether it is true is up
to the model.
"""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage

from agent.evaluation.methods.base import Method, Written
from tools.observation import show_name
from tools.row_prompt import SHOWN, cell
from tools.schema import Row

__all__ = ["StepTemplate"]

ASKED = (
    "Think in {steps} steps, from the most important feature on. "
    "Each step: the feature, its value, whether it is high or low, and the label it speaks for."
)
LEVELS = (" above the mean of the training rows", " below the mean of the training rows")


class StepTemplate(Method):
    """A template of steps, filled in by choices."""

    name = "cot-template"
    chooses = True

    def write(self, row: Row) -> Written:
        """Classify one row and say why."""
        names = [entry["feature"] for entry in self.bundle.importance[:SHOWN]]
        steps = min(self.top, len(names))
        asked = f"{self.question(row)}\n{ASKED.format(steps=steps)}"
        messages = [self.system, HumanMessage(asked)]
        text = ""
        for number in range(1, steps + 1):
            text += f"{number}."
            feature = self._chosen(messages, text, {f" {show_name(name)}": name for name in names})
            names.remove(feature)
            text += f" {show_name(feature)} is {cell(row[feature])}"
            if self.bundle.schema.by_name[feature].kind == "numeric" and row[feature] is not None:
                text += f", which is{self._chosen(messages, f'{text}, which is', {level: level for level in LEVELS})}"
            text += " and speaks for"
            text += self._chosen(messages, text, {f" {show_name(x)}": f" {show_name(x)}" for x in self.labels}) + ".\n"
        answer, probabilities = self.label([*messages[:-1], HumanMessage(f"{asked}\n{text}So which label is it?")])
        return Written(answer, probabilities, f"{text}Conclusion: the row is classified as {show_name(answer)}.", asked)

    def _chosen(self, messages: Sequence[BaseMessage], text: str, options: dict[str, str]) -> str:
        """Return what the chosen text stands for."""
        return options[self.chat.fork(messages, text, list(options)).option]

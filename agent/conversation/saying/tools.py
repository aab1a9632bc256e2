"""Which function says what a tool has found."""

from collections.abc import Callable

from agent.conversation.claims import Asked, Failed
from agent.conversation.evidence import AnswerEvidence
from agent.conversation.saying.about import calculate, describe
from agent.conversation.saying.call import Call
from agent.conversation.saying.predictions import count, labels, predict, probability
from agent.conversation.saying.quality import mistakes, score
from agent.conversation.saying.reasons import counterfactual, explain, importance, interactions
from agent.conversation.saying.table import feature_stats, show, similar
from agent.conversation.saying.words import Said, braced
from tools.observation import Observation

__all__ = ["said"]

_TOOLS: dict[str, Callable[[Call], list[Said]]] = {
    "calculate": calculate,
    "count": count,
    "counterfactual": counterfactual,
    "describe": describe,
    "explain": explain,
    "feature_stats": feature_stats,
    "importance": importance,
    "interactions": interactions,
    "labels": labels,
    "mistakes": mistakes,
    "predict": predict,
    "probability": probability,
    "score": score,
    "show": show,
    "similar": similar,
}
_FAILED = {
    "calculate": "This could not be calculated",
    "counterfactual": "No changes could be looked for",
    "explain": "This could not be explained",
    "predict": "This could not be predicted",
    "probability": "The probability could not be found",
    "score": "This could not be measured",
}


def said(seen: Observation, evidence: AnswerEvidence, before: Observation | None) -> list[Said]:
    """Return the sentences about one call.

    Parameters
    ----------
    seen : Observation
    evidence : AnswerEvidence
        All calls of the answer.
    before : Observation or None
        The call that is said just before.

    Raises
    ------
    ToolError, KeyError
        The observation is not one that a tool made.
    """
    first, *more = _said(seen, evidence, before)
    return [Said(first.template, (Asked.of(evidence, seen.id), *first.claims)), *more]


def _said(seen: Observation, evidence: AnswerEvidence, before: Observation | None) -> list[Said]:
    if seen.error is not None:
        words = _FAILED.get(seen.tool, "This could not be found out")
        return [Said(f"{words}: {braced(f'{seen.id}@error.text')}", (Failed(call=seen.id),))]
    return _TOOLS[seen.tool](Call(seen, evidence, before))

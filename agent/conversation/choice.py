"""The choice of one of several options: by what the calls found where that decides, else by the chat model.

A choice by facts is a function of the question, the options and the calls alone, so `verify` makes it again.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, Field

from agent.conversation.claims import AnswerClaim, Contrast, Fact, Within, holds
from agent.conversation.evidence import AnswerEvidence
from agent.conversation.options import NONE, Finding, Option
from agent.conversation.reading import cues
from agent.conversation.reading.question import Question
from agent.llm.forking import ForkingChat
from tools.observation import Observation, reference

__all__ = ["Choice", "by_facts", "by_model", "calls_for"]

ORDERS = 4
_LESS_IS_BETTER = {"log_loss", "brier", "ece"}
_LEAST = re.compile(
    r"\b(?:least|lowest|fewest|smallest|less|fewer|lower|smaller|rarest|youngest|younger|lightest|lighter)\b"
)
_MOST = re.compile(
    r"\b(?:most|highest|largest|biggest|greatest|more|higher|larger|bigger|greater|commonest|oldest|older|heaviest|"
    r"heavier|common|often|usual\w*|main|strongest)\b"
)
_BEST, _WORST = re.compile(r"\b(?:best|better)\b"), re.compile(r"\b(?:worst|worse)\b")
_STATISTICS = (
    ("mean", re.compile(r"\b(?:average|mean|typical\w*)\b")),
    ("median", re.compile(r"\bmedian\b")),
    ("std", re.compile(r"\b(?:standard deviation|spread|std)\b")),
    ("missing", re.compile(r"\bmissing\b")),
    ("max", re.compile(r"\b(?:max\w*|highest|largest|biggest|greatest|oldest)\b")),
    ("min", re.compile(r"\b(?:min\w*|lowest|smallest|least|youngest)\b")),
)


class Choice(BaseModel):
    """What was chosen, by whom, and on what grounds.

    Attributes
    ----------
    options : list of str
    index : int or None
        Of the option chosen; None for none of them.
    option : str
        Its text.
    by : str
        ``facts``, ``model``, or ``nobody``: no fact decides and no model was asked.
    facts : list of str
        References of the facts that decide, the chosen option's first.
    claims : list of AnswerClaim
        What is true of them.
    probabilities : list of float or None, shape (options + 1,)
        The model's, averaged over the orders in which the options were listed; the last is that of none.
    findings : list of Finding
        What may mislead, with a rewrite.
    """

    model_config = ConfigDict(extra="forbid")

    options: list[str]
    index: int | None = None
    option: str = NONE
    by: Literal["facts", "model", "nobody"] = "nobody"
    facts: list[str] = Field(default_factory=list)
    claims: list[AnswerClaim] = Field(default_factory=list)
    probabilities: list[float] | None = None
    findings: list[Finding] = Field(default_factory=list)


# -- the calls ---------------------------------------------------------------------------------------------------------


def calls_for(calls: Sequence[dict[str, Any]], options: Sequence[Option]) -> list[dict[str, Any]]:
    """Return the calls whose results decide: that of the question for the rows of each option, where they name rows."""
    groups = [option.where for option in options]
    named = any(option.label or option.column or option.interval for option in options)
    if not calls or not groups or named or not all(groups) or any(isinstance(where, dict) for where in groups):
        return list(calls)
    base = calls[0]
    columns = {condition[0] for where in groups for condition in where}
    where = base["args"].get("where") or []
    if isinstance(where, dict) or base["tool"] in {"calculate", "describe"}:
        return list(calls)
    shared = [condition for condition in where if condition[0] not in columns]
    return [{"tool": base["tool"], "args": {**base["args"], "where": [*shared, *group]}} for group in groups]


# -- by facts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Facts:
    """What is at hand to decide by facts."""

    question: Question
    options: Sequence[Option]
    calls: Sequence[Observation]
    evidence: AnswerEvidence

    @property
    def texts(self) -> list[str]:
        return [option.text for option in self.options]

    @property
    def label(self) -> str | None:
        """The one label that the question names."""
        target = self.question.terms.schema.target
        found = {n.value for n in self.question.names if n.column == target and n.value is not None}
        return str(found.pop()) if len(found) == 1 else None

    @property
    def text(self) -> str:
        return self.question.text.lower()


def by_facts(
    question: Question, options: Sequence[Option], calls: Sequence[Observation], evidence: AnswerEvidence
) -> Choice | None:
    """Return the choice that the facts make, or None where they make none.

    Parameters
    ----------
    question : Question
    options : sequence of Option
    calls : sequence of Observation
        All calls of the answer.
    evidence : AnswerEvidence
        Their facts.
    """
    if not calls or any(call.result is None for call in calls):
        return None
    facts = _Facts(question, options, calls, evidence)
    ways: tuple[Callable[[_Facts], Choice | None], ...] = (_truth, _labels, _columns, _categories, _groups, _number)
    return next((choice for way in ways if (choice := way(facts)) is not None), None)


def _truth(facts: _Facts) -> Choice | None:
    """Decide between yes and no: whether one row has, or is predicted, the label that the question names."""
    truths = [option.truth for option in facts.options]
    seen = facts.calls[0]
    single = len(facts.calls) == 1 and seen.tool in {"predict", "labels"} and "label" in (seen.result or {})
    if None in truths or not single or facts.label is None or cues.DENIED.search(facts.text):
        return None
    fact = Fact.of(facts.evidence, reference(seen.id, "label"))
    said = fact.value == facts.label
    return _chosen(facts, truths.index(said), [fact.ref], [fact]) if said in truths else None


def _labels(facts: _Facts) -> Choice | None:
    """Decide among labels: that of one row, or the one with the largest share or probability."""
    labels = [option.label for option in facts.options]
    seen, result = facts.calls[0], facts.calls[0].result or {}
    if len(facts.calls) != 1 or None in labels or len(set(labels)) != len(labels):
        return None
    if seen.tool in {"predict", "labels"} and "label" in result:
        fact = Fact.of(facts.evidence, reference(seen.id, "label"))
        return _chosen(facts, labels.index(fact.value) if fact.value in labels else None, [fact.ref], [fact])
    if seen.tool in {"predict", "labels"}:
        return _extreme(facts, [reference(seen.id, "shares", str(label)) for label in labels])
    if seen.tool == "probability":
        mean = ["mean"] if isinstance(result.get(str(labels[0])), dict) else []
        return _extreme(facts, [reference(seen.id, str(label), *mean) for label in labels])
    return None


def _columns(facts: _Facts) -> Choice | None:
    """Decide among features: by their ranks in general, or for a row."""
    columns = [option.column for option in facts.options]
    if None in columns or len(set(columns)) != len(columns):
        return None
    ranks: dict[Any, str] = {}
    for seen in facts.calls:
        result = seen.result or {}
        if seen.tool not in {"importance", "explain"}:
            return None
        if "rank" in result:
            ranks[result["feature"]] = f"{reference(seen.id, 'rank')}|place"
        for at, entry in enumerate(result.get("features", ())):
            ranks.setdefault(entry["feature"], f"{reference(seen.id, 'features', at, 'rank')}|place")
    if not all(column in ranks for column in columns):
        return None
    return _extreme(facts, [ranks[column] for column in columns], least=not _LEAST.search(facts.text))


def _categories(facts: _Facts) -> Choice | None:
    """Decide among the categories of the column that was asked about: by their shares."""
    seen, result = facts.calls[0], facts.calls[0].result or {}
    shares = (result.get("overall") or {}).get("shares")
    if len(facts.calls) != 1 or seen.tool != "feature_stats" or shares is None:
        return None
    values = [
        next((n.value for n in option.read.names if n.column == result["feature"] and n.value), None)
        for option in facts.options
    ]
    if not all(value in shares for value in values) or len(set(values)) != len(values):
        return None
    return _extreme(facts, [reference(seen.id, "overall", "shares", str(value)) for value in values])


def _groups(facts: _Facts) -> Choice | None:
    """Decide among groups of rows: each has a call of its own."""
    groups = [option.where for option in facts.options]
    if not all(groups) or len(facts.calls) != len(groups) or len({call.tool for call in facts.calls}) != 1:
        return None
    for call, group in zip(facts.calls, groups, strict=True):
        where = call.args.get("where") or []
        if isinstance(where, dict) or any(condition not in where for condition in group):
            return None
    refs = [_measure(facts, call) for call in facts.calls]
    return None if None in refs else _extreme(facts, [str(ref) for ref in refs])


def _number(facts: _Facts) -> Choice | None:
    """Decide among numbers: the one that was found lies in one of them."""
    intervals = [option.interval for option in facts.options]
    ref = _measure(facts, facts.calls[0]) if len(facts.calls) == 1 else None
    if ref is None or None in intervals or not facts.evidence.has(ref):
        return None
    share = facts.evidence.shown(ref).endswith("%")
    claims: list[AnswerClaim] = []
    for option, interval in zip(facts.options, intervals, strict=True):
        if interval is None or (option.percent and not share):
            return None
        ends = [end for end in (interval.low, interval.high) if end is not None]
        scale = 100.0 if share and not option.percent and max(ends) <= 1 else 1.0  # 0.9 is 90%
        low, high = (None if end is None else end * scale for end in (interval.low, interval.high))
        claims.append(Within.of(facts.evidence, ref, low, high, interval.low_in, interval.high_in))
    inside = [at for at, claim in enumerate(claims) if isinstance(claim, Within) and claim.inside]
    if len(inside) > 1 or not all(holds(claim, facts.evidence) for claim in claims):
        return None
    return _chosen(facts, inside[0] if inside else None, [ref], claims)


def _measure(facts: _Facts, call: Observation) -> str | None:
    """Return the reference of the one number that a question is about in a call's result."""
    result, label = call.result or {}, facts.label
    simple = {"count": "rows", "score": "value", "mistakes": "share", "calculate": "result"}
    if call.tool in simple:
        form = "|share" if call.tool == "score" and result.get("metric") in {"accuracy", "precision", "recall"} else ""
        return f"{reference(call.id, simple[call.tool])}{form}"
    if call.tool == "feature_stats":
        overall = result.get("overall") or {}
        found = next((name for name, cue in _STATISTICS if cue.search(facts.text)), "mean")
        return reference(call.id, "overall", found) if overall.get(found) is not None else None
    if call.tool in {"predict", "labels"} and label in result.get("shares", {}):
        return reference(call.id, "shares", str(label))
    if call.tool == "probability" and label in result:
        return reference(call.id, str(label), *(["mean"] if isinstance(result[label], dict) else []))
    return None


def _extreme(facts: _Facts, refs: Sequence[str], *, least: bool | None = None) -> Choice | None:
    """Choose the option with the largest number, or the smallest where that is asked; None where two are as good."""
    if least is None:
        seen = facts.calls[0]
        less = seen.tool == "mistakes" or (seen.result or {}).get("metric") in _LESS_IS_BETTER
        best, worst = _BEST.search(facts.text), _WORST.search(facts.text)
        if best or worst:
            least = bool(less) == bool(best)
        elif _LEAST.search(facts.text):
            least = True
        elif _MOST.search(facts.text) or any(option.label is not None for option in facts.options):
            least = False
        else:
            return None
    if not all(facts.evidence.has(ref) for ref in refs):
        return None
    values = [float(facts.evidence.value(ref)) for ref in refs]
    index = int(np.argmin(values) if least else np.argmax(values))
    others = [ref for at, ref in enumerate(refs) if at != index]
    relation: Literal["above", "below"] = "below" if least else "above"
    claims = [Contrast(left=refs[index], relation=relation, right=other) for other in others]
    if not all(holds(claim, facts.evidence) for claim in claims):
        return None
    return _chosen(facts, index, [refs[index], *others], claims)


def _chosen(facts: _Facts, index: int | None, refs: list[str], claims: Sequence[AnswerClaim]) -> Choice:
    texts = facts.texts
    option = NONE if index is None else texts[index]
    return Choice(options=texts, index=index, option=option, by="facts", facts=refs, claims=list(claims))


# -- by the chat model -------------------------------------------------------------------------------------------------


def by_model(question: Question, options: Sequence[Option], chat: ForkingChat, background: Sequence[str]) -> Choice:
    """Return the choice of the chat model: its probabilities, averaged over several orders of the options.

    Parameters
    ----------
    question : Question
    options : sequence of Option
    chat : ForkingChat
        Who chooses; where no model is at work nobody does.
    background : sequence of str
        What is known: descriptions of columns, and the sentences that say what the calls have found.

    Raises
    ------
    EngineError
        If the model's engine fails.
    """
    texts = [option.text for option in options]
    if chat.describe() is None:
        return Choice(options=texts)
    quoted = [f"“{text.replace('”', chr(39))}”" for text in (*texts, NONE)]
    orders = [[*quoted[shift:-1], *quoted[:shift], quoted[-1]] for shift in range(min(ORDERS, len(texts)))]
    scores = [
        dict(zip(order, chat.score(_asked(question, order, background), "", order), strict=True)) for order in orders
    ]
    chances = np.mean([[np.exp(score[text]) for text in quoted] for score in scores], axis=0)
    best = int(np.argmax(chances))
    return Choice(
        options=texts,
        index=best if best < len(texts) else None,
        option=[*texts, NONE][best],
        by="model",
        probabilities=[round(float(chance), 6) for chance in chances],
    )


def _asked(question: Question, order: Sequence[str], background: Sequence[str]) -> list[SystemMessage | HumanMessage]:
    known = "\n".join(background) or "Nothing."
    listed = "\n".join(order)
    return [
        SystemMessage("Choose the option that answers the question, by what is known. Repeat it word for word."),
        HumanMessage(f"Known:\n{known}\n\nQuestion: {question.asked}\nOptions:\n{listed}"),
    ]

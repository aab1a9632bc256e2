"""Citations: whether every sentence rests on what it cites, and whether everything that it cites is used.

As in ALCE (Gao et al., *Enabling Large Language Models to Generate Text with Citations*, EMNLP 2023, arXiv
2305.14627): recall is the share of sentences that their citations support, precision the share of citations that a
sentence needs. ALCE asks an entailment model; here a program decides. A sentence is supported when each number, each
name, each description and each thing that is read from it stands in an observation that it cites, and what is read is
true. A citation is needed when without it something of the sentence is no longer supported, or when it holds by itself
something that the sentence says of a feature or in numbers.

Limits: words that the parser does not understand are not checked, a number is matched to any fact of a cited
observation that it fits at the precision shown, and small counts in words are no numbers.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.evaluation.faithfulness import Score
from agent.evaluation.told import Sentence, Told
from agent.explanation.evidence import Evidence
from agent.explanation.parsing import figures_in
from agent.explanation.parsing.assertions import Number, facts_of
from tools.observation import Observation

__all__ = ["citations", "holds_number"]

Item = tuple[str, Any]  # ("name" or "said", text), ("answer", label), ("number", Number) or ("fact", reference)
_ANSWERING = {"predict", "explain", "decision"}


@dataclass(frozen=True)
class _Source:
    """What a mark refers to: an observation, or the decision."""

    id: str
    tool: str
    content: Any

    @cached_property
    def texts(self) -> set[str]:
        """Every name and text in it."""
        return {leaf for leaf in _leaves(self.content) if isinstance(leaf, str)}

    @cached_property
    def numbers(self) -> set[float]:
        """Every number in it."""
        return {float(x) for x in _leaves(self.content) if isinstance(x, int | float) and not isinstance(x, bool)}


def citations(told: Told, seen: Sequence[Observation], decision: Any = None) -> tuple[Score, Score]:
    """Return recall and precision of one text.

    Parameters
    ----------
    told : Told
        The text.
    seen : sequence of Observation
        What its marks may refer to.
    decision : mapping, optional
        What ``[decision]`` refers to.

    Returns
    -------
    recall, precision : tuple of float
        Shares of the text's sentences and of its citations, each of one text; 0 where it has none, as in ALCE.
    """
    known = {call.id: _Source(call.id, call.tool, [call.args, call.result]) for call in seen if call.result is not None}
    if decision is not None:
        known["decision"] = _Source("decision", "decision", dict(decision))
    supported, needed, cited = 0, 0, 0
    for sentence in told.sentences:
        items = _items(sentence, told.evidence)
        marks = [mark for mark in sentence.marks if mark in known]
        calls = [known[mark] for mark in marks]
        whole = (
            bool(marks)
            and sentence.reading.verdict is not False
            and not sentence.claims.wrong
            and _support(items, calls, told.evidence)
        )
        supported += whole
        cited += len(sentence.marks)
        for mark in marks:
            rest = [known[other] for other in marks if other != mark]
            needed += (whole and not _support(items, rest, told.evidence)) or _alone(items, known[mark], told.evidence)
    return (supported / max(1, len(told.sentences)), 1.0), (needed / max(1, cited), 1.0)


def _items(sentence: Sentence, evidence: Evidence) -> list[Item]:
    """Return what a sentence has that needs support: names, numbers, and the facts that what it asserts rests on."""
    names, numbers = figures_in(sentence.text, evidence)
    items: list[Item] = [("name", name) for name in names]
    items += [("number", number) for number in numbers]
    described = (evidence.described(name) for name in sentence.claims.facts.features)
    said = (evidence.shown(ref) for ref in described if ref is not None)
    items += [("said", text) for text in said if text in sentence.text]
    items += [("answer", one.what) for one in sentence.claims.said if one.kind == "label"]
    refs = list(sentence.claims.refs)
    if sentence.reading.verdict is not None:
        refs += [ref for made in sentence.reading.assertions for ref in facts_of(made) if evidence.has(ref)]
    return [*items, *(("fact", ref) for ref in dict.fromkeys(refs))]


def _support(items: Sequence[Item], calls: Sequence[_Source], evidence: Evidence) -> bool:
    return all(any(_holds(item, call, evidence) for call in calls) for item in items)


def _alone(items: Sequence[Item], call: _Source, evidence: Evidence) -> bool:
    """Tell whether one observation by itself holds something that is said of a feature or in numbers, or the answer."""
    if ("name", evidence.label) in items and call.tool in _ANSWERING and evidence.label in call.texts:
        return True
    return any(kind != "name" and _holds((kind, what), call, evidence) for kind, what in items)


def _holds(item: Item, call: _Source, evidence: Evidence) -> bool:
    kind, what = item
    if kind in {"name", "said"}:
        return what in call.texts
    if kind == "answer":
        return call.tool in _ANSWERING and what in call.texts
    if kind == "number":
        return holds_number(what, call.numbers)
    if what.partition(".")[0] == call.id:
        return True
    value = evidence.value(what)
    return value in call.texts if isinstance(value, str) else value in call.numbers


def holds_number(number: Number, facts: Collection[float]) -> bool:
    """Tell whether a number is one of these facts at the precision shown, without its sign, or as a percentage.

    Examples
    --------
    >>> holds_number(Number(value=91.9, step=0.1, percent=True), [0.9189])
    True
    >>> holds_number(Number(value=2, step=1), [-2.4])
    True
    """
    plain = number.model_copy(update={"bound": "is"})
    half = plain.step / 2 * (1 + 1e-9)
    for fact in facts:
        forms = (fact, 100 * fact) if plain.percent else (fact,)
        if any(abs(abs(form) - abs(plain.value)) <= max(half, 1e-9 * abs(form)) for form in forms):
            return True
    return False


def _leaves(value: Any) -> Iterator[Any]:
    """Yield every key and value of an observation."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value

"""`narrate`: an explanation for attributions that were computed elsewhere, with the same writer and the same checks.

There is no bundle to recompute from, so what is given is taken as observed; the text is verified against it.
"""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from langchain_core.language_models import BaseChatModel

from agent.explanation import receipt
from agent.explanation.claims import share_expression
from agent.explanation.evidence import Evidence
from agent.explanation.plan import named_contributions
from agent.explanation.prose import ProseWriter, style_of
from agent.explanation.result import Decision, Explanation, writer_of
from agent.explanation.template import assemble
from agent.explanation.verify import verify
from agent.explanation.writer import Writer
from agent.llm import ForkingChat, load
from agent.llm.asking import fallback_notes
from agent.prompts import explaining
from tools.errors import UserError, did_you_mean
from tools.observation import Observation
from tools.statistics import NOISE
from tools.table import HALF
from tools.toolbox import Toolbox

__all__ = ["narrate"]


def narrate(
    row: Mapping[str, Any],
    *,
    label: str,
    probability: float,
    contributions: Mapping[str, float],
    statistics: Mapping[str, Mapping[str, Any]] | None = None,
    dictionary: Mapping[str, Mapping[str, str]] | None = None,
    llm: str | BaseChatModel | None = None,
    style: str = "auto",
    top: int = 4,
) -> Explanation:
    """Explain a label whose attributions were computed elsewhere.

    Parameters
    ----------
    row : mapping of str to value
        The row's values.
    label : str
        The label to explain.
    probability : float
        Its probability, 0 to 1.
    contributions : mapping of str to float
        Per feature; above 0 points towards `label`.
    statistics : mapping, optional
        ``{feature: {"mean": …, "std": …, "median": …, "min": …, "max": …}}``, or the same per label:
        ``{feature: {label: {…}}}``.
    dictionary : mapping, optional
        ``{feature: {"description": …, "unit": …}}``.
    llm : str or BaseChatModel, optional
        Who chooses the words; as `Classifier.load`.
    style : {"auto", "strict", "prose"}
        How the text is written; as `Classifier`.
    top : int
        How many of the largest contributions the text names.

    Returns
    -------
    Explanation
        Its verification is not `complete`: nothing can be recomputed.

    Raises
    ------
    UserError
        If a contribution is not a number or has no value in the row, the probability is none, or statistics or the
        dictionary do not have the shape above.

    Examples
    --------
    >>> told = narrate({"age": 61}, label="ill", probability=0.8, contributions={"age": 0.4}, llm="rule")
    >>> print(told.text.splitlines()[1])
    2. The largest contribution comes from age: its value of 61 speaks for ill [t2].
    """
    _check(row, contributions, style, top)
    label, values = str(_plain(label, "the label")), {str(name): _plain(row[name], repr(name)) for name in row}
    probability = _finite(probability, "The probability")
    if not 0 <= probability <= 1:
        raise UserError(f"The probability is {probability}.", hint="Give a number from 0 to 1.")
    top = min(top, len(contributions))
    amounts = {str(name): _finite(part, f"The contribution of {name!r}") for name, part in contributions.items()}
    known, words = _described("statistics", statistics), _described("dictionary", dictionary)
    toolbox = Toolbox(None, values)
    toolbox.observations += _given(values, label, probability, amounts, words, top)
    named = named_contributions(Evidence(toolbox.observations), top)
    for claim in named:
        if claim.feature in known and isinstance(claim.value, int | float) and not isinstance(claim.value, bool):
            placed = _placed(claim.feature, float(claim.value), known[claim.feature])
            toolbox.observations.append(_observed(toolbox, "feature_stats", {"feature": claim.feature}, placed))
        if (described := words.get(claim.feature, {}).get("description")) and str(described).strip():
            found = {"feature": claim.feature, "description": str(described)}
            args = {"topic": "feature", "name": claim.feature}
            toolbox.observations.append(_observed(toolbox, "describe", args, found))
    if len(named) < sum(amount != 0 for amount in contributions.values()):  # otherwise the share is no news
        parts = tuple(claim.ref for claim in named)
        toolbox.call("calculate", {"expression": share_expression(Evidence(toolbox.observations), parts)})
    return _told(toolbox, values, label, probability, load(llm), top, style)


def _check(row: Any, contributions: Any, style: str, top: Any) -> None:
    if not isinstance(row, Mapping) or not isinstance(contributions, Mapping):
        raise UserError(
            "row and contributions are mappings.", hint="Give {feature: value} and {feature: contribution}."
        )
    if not isinstance(top, int) or isinstance(top, bool):
        raise UserError(f"top is {top!r}.", hint="Give a whole number of at least 1.")
    for names in (row, contributions):
        if len(set(map(str, names))) < len(names):
            raise UserError("Two names are the same as text.", hint="Give every feature a name of its own.")
    if style not in {"auto", "strict", "prose"} or top < 1:
        raise UserError(f"style={style!r}, top={top}: not possible.", hint="Use style='strict' and top of at least 1.")
    if not contributions:
        raise UserError("There are no contributions.", hint="Give {feature: contribution}.")
    for feature in contributions:
        if feature not in row:
            raise UserError(f"The row has no value for {feature!r}.", hint=did_you_mean(str(feature), map(str, row)))


def _finite(number: Any, what: str) -> float:
    """Return a number of any kind, NumPy's included, as a float."""
    try:
        found = float(number) if isinstance(number, Real) and not isinstance(number, bool) else math.nan
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise UserError(f"{what} is {str(number)[:40]!r}.", hint="Give a finite number.")
    return found


def _described(what: str, given: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    if not isinstance(given, Mapping | None):
        raise UserError(f"{what} is {type(given).__name__}, not a mapping.", hint="Give {feature: {name: value}}.")
    for feature, part in (given or {}).items():
        if not isinstance(part, Mapping):
            raise UserError(f"{what}: {feature!r} has {part!r}.", hint="Give {feature: {name: value}}.")
    return {str(feature): part for feature, part in (given or {}).items()}


def _given(
    row: Mapping[str, Any],
    label: str,
    probability: float,
    contributions: Mapping[str, float],
    dictionary: Mapping[str, Mapping[str, Any]],
    top: int,
) -> list[Observation]:
    """Return what was given in the shape of the tools' results."""
    order = sorted(contributions, key=lambda feature: -abs(contributions[feature]))
    entries = [
        {"feature": feature, "value": row[feature], "contribution": contributions[feature], "rank": rank}
        | ({"unit": str(dictionary[feature]["unit"])} if dictionary.get(feature, {}).get("unit") else {})
        for rank, feature in enumerate(order)
    ]
    absolute = _finite(sum(map(abs, contributions.values())), "The sum of the contributions")
    explained = {"towards": label, "space": "margin", "absolute": absolute, "features": entries}
    return [
        Observation(id="t1", tool="probability", result={label: probability}),
        Observation(id="t2", tool="explain", args={"top": top}, result=explained),
    ]


def _plain(value: Any, name: str) -> Any:
    """Return a value as JSON has it; NumPy scalars know how, NaN is missing."""
    plain = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
    if isinstance(plain, str) and not plain.isprintable() and HALF.search(plain):
        raise UserError(f"{name} holds half a character.", hint="Write the whole character, or leave it out.")
    if isinstance(plain, float) and math.isnan(plain):
        return None
    if isinstance(plain, int | float) and not isinstance(plain, bool):
        _finite(plain, f"The value of {name}")
    if hasattr(plain, "__len__") and not isinstance(plain, str):
        raise UserError(f"{name} is {type(plain).__name__}, not a single value.", hint="Give one number or one text.")
    return plain if plain is None or isinstance(plain, bool | int | float | str) else str(plain)


def _placed(feature: str, value: float, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return statistics as `feature_stats` does, with what follows from them."""
    per_label = bool(known) and all(isinstance(part, Mapping) for part in known.values())
    overall = {} if per_label else _numbers(feature, known)
    labels = {str(label): _numbers(feature, part) for label, part in known.items()} if per_label else {}
    std, mean = overall.get("std", 0.0), overall.get("mean", math.inf)
    z_score = (value - mean) / std if std > NOISE * max(abs(mean), abs(value)) else math.inf
    placed = {"z_score": z_score} if math.isfinite(z_score) else {}
    return {"feature": feature, "overall": overall, "by_label": labels, "value": value, **placed}


def _numbers(feature: str, known: Mapping[str, Any]) -> dict[str, float]:
    """Return the statistics there are; None stands for one that is not known."""
    return {
        str(name): _finite(number, f"statistics: the {name} of {feature!r}")
        for name, number in known.items()
        if number is not None
    }


def _observed(toolbox: Toolbox, tool: str, args: dict[str, Any], result: dict[str, Any]) -> Observation:
    return Observation(id=f"t{len(toolbox.observations) + 1}", tool=tool, args=args, result=result)


def _told(
    toolbox: Toolbox, row: Mapping[str, Any], label: str, probability: float, chat: ForkingChat, top: int, style: str
) -> Explanation:
    evidence, style = Evidence(toolbox.observations), style_of(style, chat)
    before = chat.usage
    writer = (ProseWriter if style == "prose" else Writer)(evidence, top, chat, explaining(evidence))
    steps = writer.write()
    about = chat.describe()
    explanation = Explanation(
        row=dict(row),
        label=label,
        probabilities={label: probability},
        decision=Decision(predictor=label),
        observations=toolbox.observations,
        steps=steps,
        text=assemble([step.text for step in steps]),
        writer=writer_of(steps),
        llm=None if about is None else {**about, "style": style},
        notes=[*writer.notes, *fallback_notes(chat.usage - before)],
    )
    explanation.verification = verify(explanation, text_only=True)
    return receipt.seal(explanation)

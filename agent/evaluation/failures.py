"""Failure modes: ways in which a text is no explanation, each a yes or no for one text.

Limits: what counts as an invented number is decided by the facts of the features that a sentence names; a small whole
number fits almost anything, so that it is rarely found out. A comparison that the parser does not understand is not
found false.
"""

from collections.abc import Sequence

from agent.evaluation.citing import holds_number
from agent.evaluation.plain import grams, words
from agent.evaluation.told import Told
from agent.explanation.evidence import Evidence
from agent.explanation.parsing import figures_in
from agent.explanation.parsing.assertions import Level, Multiple, Nearer, Number, Ordered, Within
from tools.observation import numbers, show_name

__all__ = ["echo", "false_comparisons", "invented_numbers", "label_only"]

ECHO = 0.5  # of a text's runs of four words stand in the question
SMALL = 12  # whole numbers up to this one are counts and places
_SAYS_NOTHING = frozenset(
    """
    a an and answer are as based be because belongs case category class classification classified classify conclusion
    correct data example features final for given i in instance is it its label likely model most my of on predict
    predicted prediction predicts row sample since so that the therefore this to values was with would you your
    """.split()  # noqa: SIM905 - a list of this length reads better as text
)


def label_only(text: str, labels: Sequence[str]) -> bool:
    """Tell whether a text says no more than the label: at most one word beside it and those around it.

    Examples
    --------
    >>> label_only("The label is benign.", ["benign", "malignant"]), label_only("", ["benign"])
    (True, True)
    >>> label_only("It is benign, because the worst radius is small.", ["benign", "malignant"])
    False
    """
    plain = text.lower()
    for label in sorted(labels, key=len, reverse=True):
        plain = plain.replace(show_name(label).lower(), " ").replace(label.lower(), " ")
    rest = {word for word in words(plain) if word not in _SAYS_NOTHING}
    return len(rest) <= 1


def echo(text: str, question: str) -> float:
    """Return the share of a text's runs of four words that stand in the question.

    Examples
    --------
    >>> echo("Which label has this row?", "Which label has this row?"), echo("Old age speaks for it.", "Why?")
    (1.0, 0.0)
    """
    own, asked = grams(words(text)), grams(words(question))
    total = sum(own.values())
    return sum(count for gram, count in own.items() if gram in asked) / total if total else 0.0


def invented_numbers(told: Told, known: Evidence) -> list[str]:
    """Return the numbers that are no fact of what their sentence is about, at the precision shown.

    Parameters
    ----------
    told : Told
    known : Evidence
        Everything that is known of the row, its author's findings included.
    """
    about = _facts(known)
    everything = [fact for facts in about.values() for fact in facts]
    found: list[str] = []
    last: list[str] = []
    for sentence in told.sentences:
        names, numbers = figures_in(sentence.text, told.evidence)
        last = [name for name in names if name in about] or last
        facts = [fact for name in ("", *last) for fact in about.get(name, ())] if last else everything
        found += [_shown(number) for number in numbers if not _small(number) and not holds_number(number, facts)]
    return found


def false_comparisons(told: Told) -> list[str]:
    """Return the sentences that say that a value is above, below, nearer to or between others, and it is not.

    Other kinds, such as so many times another value, count where a sentence is understood as a whole.
    """
    kinds = (Level, Multiple, Nearer, Ordered, Within)
    return [
        sentence.text
        for sentence in told.sentences
        if sentence.claims.misplaced
        or (sentence.reading.verdict is False and any(isinstance(made, kinds) for made in sentence.reading.false))
    ]


def _small(number: Number) -> bool:
    return number.step >= 1 and not number.percent and number.value.is_integer() and 0 <= number.value <= SMALL


def _shown(number: Number) -> str:
    return f"{number.value:g}{'%' if number.percent else ''}"


def _facts(known: Evidence) -> dict[str, list[float]]:
    """Return the numbers that are known of each feature; under an empty name those of the row as a whole."""
    found: dict[str, list[float]] = {"": [0.0, 50.0, 100.0]}
    for call in known.observations:
        result = call.result or {}
        if call.tool == "explain":
            for entry in result["features"]:
                found.setdefault(entry["feature"], []).extend(numbers(entry).values())
        elif call.tool in {"feature_stats", "describe"} and "feature" in result:
            found.setdefault(str(result["feature"]), []).extend(numbers(result).values())
        else:
            found[""].extend(numbers(result).values())
        if call.tool == "explain":
            found[""].extend(numbers({key: value for key, value in result.items() if key != "features"}).values())
    if known.decision is not None:
        found[""].extend(numbers(dict(known.decision)).values())
    return found

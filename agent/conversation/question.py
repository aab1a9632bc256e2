"""One question, read against a table: which conditions, changes and arguments its words and numbers allow.

What stands here is the whole of what a call may say: the model chooses among it. Knows nothing about tools or models.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agent.conversation.calltext import change_text, condition_text
from agent.conversation.names import ID, Name, Terms, words_of
from agent.conversation.quantities import _UNIT, Number, converted, read_numbers
from agent.conversation.spelling import written_out
from tools.schema import Feature

__all__ = ["Offer", "Question"]

SIGNS = ("==", ">", ">=", "<", "<=")
INVERSE = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}
MOST_CATEGORIES = 12  # of a column that is named without one of them
_NOT = re.compile(
    r"\b(?:not|non|no|n[o']t|except|excluding|without|other than|besides|apart from|isn'?t|aren'?t|don'?t|doesn'?t|never|"
    r"neither|nor|outside|anything but|all but)\b[\w\s-]{0,14}$|non-?$"
)
_DENIED = re.compile(
    r"\b(?:not|non|no|n[o']t|except|excluding|without|other than|besides|apart from|\w+n['’]t|dont|doesnt|isnt|arent|wasnt|werent|didnt|cannot|never|neither|nor|outside|but)\b|non-"
)
# Words that may stand between a column and its number.
_GLUE = frozenset(
    """
    a about above an and are around at be been below between by count drops dropped equal equals equal exactly exceeding exceeds
    fewer from goes had has have higher in increase increased is its just least less level longer lower lowered maximum minimum
    mm more most no not of older only or over put raised reading reduced score set shorter smaller than that the then to under up value
    was went were which whose with years year younger greater larger bigger heavier lighter cut
    """.split()  # noqa: SIM905 - a list of this length reads better as text
)
_FILLERS = frozenset(
    "again all at aged about abt do for from group guys her him his in it instead is me n not number of ok on one ones others people ppl please pls rest row rows "
    "same than that the them then there thing this those together too us with w who whole without women men you".split()
)
_GLUE_AFTER = frozenset("a extra in more less fewer higher lower of or points".split())
_ID_WORD = re.compile(r"(?:\b(?:row|rows|id|ids|case|cases|record|sample|instance|entry|number|no\.?|nr\.?|num)|#)\s*(?:id|number|no\.?|nr\.?|#)?\s*$")
_COUNTED = re.compile(
    r"[\s-]*(?!the\b|my\b|your\b|this\b)(?:[a-z-]+\s+){0,2}?(?:rows?|people|patients?|features?|reasons?|factors?|examples?|columns?|attributes?|drivers?|pairs?|things?|"
    r"interactions?|mistakes?|errors?|neighbou?rs?|variables?|predictors?|inputs?|causes?|contributors?|contributions?|of them|"
    r"combos?|combinations?|closest|nearest|most|similar|lookalikes?|twins?|cases?|entries|records)\b"
)
_COUNTED_BEFORE = re.compile(r"\b(?:top|first|best|strongest|biggest|largest|main|closest|nearest|any|just|show me|show|list|give me|gimme|display|see|find|find me|list of|sample of)\s*(?:the\s*)?$")
_CHANGES = re.compile(
    r"\b(?:if|suppose|supposing|imagine|assum\w+|say|were|had|instead|would|wud|change\w*|increas\w*|decreas\w*|reduc\w*|rais\w*|lower\w*|"
    r"drop\w*|cut\w*|add\w*|gain\w*|los[et]\w*|set|bump\w*|became|becomes?|older|younger|heavier|lighter|more|less|went|goes|"
    r"switch\w*|mov\w+|got|get|put|take|give|gave|with)\b", re.IGNORECASE,
)  # fmt: skip
_SUPPOSED = re.compile(r"\b(?:if|suppose|supposing|had (?:he|she|it|they)|had been|imagine|assum\w+|were to|instead|^say)\b", re.IGNORECASE)
_ASKS = r"(?:what|wat|whats|wats|how|why|y|which|where|is|are|does|do|did|show|list|tell|give|gimme|explain|predict|count)\b"
_CLAUSE = re.compile(
    rf"(?:;|\?|,\s*and\b|\band\b|\bn\b|&|\balso\b|\bthen\b|\bplus\b)\s*(?:and |also |then |n |tell me |say |on |for |in )*{_ASKS}", re.IGNORECASE
)
_ASKED = re.compile(rf"\b(?:{_ASKS[:-2]}|predic\w*|prob\w*|chances?|risks?|likel\w*|odds|average|avg|mean|median|accura\w*|number|reasons?|share|percent\w*|f1)\b", re.IGNORECASE)
_METRICS = {
    "accuracy": r"accura\w*|error rate", "precision": r"precision", "recall": r"recall|sensitivity", "specificity": r"specific\w*",
    "f1": r"f1|f-1|f score|f-score", "roc_auc": r"roc|auc", "log_loss": r"log[ -]?loss|cross[ -]?entropy", "brier": r"brier",
    "ece": r"ece|calibrat\w*",
}  # fmt: skip
_TRULY = re.compile(r"\b(?:really|actual\w*|truly|true|real|in fact|in reality|labell?ed|known)\b")
_PREDICTED = re.compile(r"\b(?:predicted|classified|flagged|you (?:say|said|think|thought|call\w*)|model (?:says|thinks|calls))\b")
_THOSE = re.compile(r"\b(?:those|them|em|these|they|their|theirs|that (?:group|one|row|lot)|(?<!do )it|its|he|she|him|her|his|hers|there chance)\b", re.IGNORECASE)
_ALL = re.compile(r"\b(?:overall|altogether|in total|in general|generally|total|everyone|everybody|whole|all (?:rows|data|of you|people|patients))\b", re.IGNORECASE)
_AGAIN = re.compile(r"^\W*(?:(?:and|n|ok|okay|now|so|but|then|also|same|again|what|wat|whats|how|do|does|repeat|redo|it|that|this|the|thing|about|abt|if|only|just|too|for|4|with|w|please|pls)\b\W*)+", re.IGNORECASE)
_OTHERS = re.compile(r"\b(?:others?|rest|everyone else|everybody else|remaining|opposite|all the rest)\b", re.IGNORECASE)
_COMPARES = re.compile(r"\b(?:vs\.?|versus|compar\w+|than|or|and|n|against|between|&)(?!\w)", re.IGNORECASE)
_OR = re.compile(r"\b(?:or|either)\b", re.IGNORECASE)
_ARITHMETIC = re.compile(r"[\d.,()\s+*/^%×÷−-]*\d[\d.,()\s+*/^%×÷−-]*")
_OPERATORS = {
    "plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/", "over": "/", "x": "*", "×": "*", "÷": "/",
    "to the power of": "**", "squared": "**2", "cubed": "**3", "percent of": "/100*", "% of": "/100*", "^": "**",
}  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """Something that may be said next.

    Attributes
    ----------
    text : str
        As `calltext` writes it.
    value : Any
        What it stands for.
    uses : frozenset of int
        Where in the question the words are that it accounts for.
    """

    text: str
    value: Any
    uses: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Question:
    """A question with what its words mean.

    Parameters
    ----------
    text : str
        As asked; number words are turned into digits.
    terms : Terms
        What the table's columns may be called.
    is_id : callable
        ``is_id(text) -> bool`` tells whether a row is called so.
    before : sequence of mapping
        The calls of the answer before.
    """

    asked: str
    terms: Terms
    is_id: Callable[[str], bool] = str.isdigit
    before: Sequence[Mapping[str, Any]] = ()
    text: str = field(init=False)
    numbers: list[Number] = field(init=False)

    def __post_init__(self) -> None:
        text, numbers = read_numbers(written_out(" ".join(self.asked.split()), self.terms.words))
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "numbers", numbers)
        object.__setattr__(self, "numbers", [n for n in numbers if not self._means_for(n)])

    @cached_property
    def names(self) -> list[Name]:
        """What its words name."""
        return self.terms.find(self.text)

    def _means_for(self, number: Number) -> bool:
        """Tell whether a 4 or a 2 is short for "for" or "to": no unit, comparison, column or counted things beside it."""
        if number.value not in {2, 4} or number.digits or number.sign or number.unit or self.text[number.start] not in "24":
            return False
        before = self.text[: number.start].lower()
        counted = number in self.rows or self._counts(number) or re.search(r"\b(?:with|has|have|had|of|is|are|at|only|just|level|exactly|by)\s*$", before)
        return not counted and not any(0 <= name.start - number.end <= 1 and name.value is None and name.column != ID for name in self.names)

    @property
    def id_column(self) -> str:
        """How rows are addressed."""
        return self.terms.schema.id_column or "row"

    # -- what its numbers are ----------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> list[Number]:
        """The numbers that are ids: "patient 7", and those that follow in a list."""
        found: list[Number] = []
        for number in self.numbers:
            if number.sign or number.unit:
                continue
            before = self.text[: number.start].lower()
            named = any(n.column == ID and n.end <= number.start and self.text[n.end : number.start].strip(" #.:") in {"", "no", "number", "nr", "id"} for n in self.names)
            listed = found and re.fullmatch(r"\s*(?:,|and|&|or|,\s*and|vs\.?|versus)?\s*(?:#|row|no\.?)?\s*", self.text[found[-1].end : number.start].lower())
            if named or listed or _ID_WORD.search(before):
                found.append(number)
        return found

    @cached_property
    def counts(self) -> list[Number]:
        """The numbers that say how many of something are wanted: "top 3", "5 rows"."""
        return [n for n in self.numbers if n not in self.rows and self._counts(n)]

    def _counts(self, number: Number) -> bool:
        if number.sign or number.unit or not isinstance(number.value, int) or not 0 < number.value <= 1000:
            return False
        after, before = self.text[number.end :].lower(), self.text[: number.start].lower()
        ids = [n for n in self.names if n.column == ID and 0 <= n.start - number.end <= 20 and not re.match(r"\s*(?:#|no\.?)?\s*\d", self.text[n.end :])]
        return bool(_COUNTED.match(after) or _COUNTED_BEFORE.search(before) or ids)

    @cached_property
    def expression(self) -> str | None:
        """The arithmetic in the question, if there is any."""
        text = self.text.lower()
        for words, operator in _OPERATORS.items():
            text = re.sub(rf"(?<=[\d)])\s*{re.escape(words)}(?![a-z])\s*", f" {operator} ", text)
        text = re.sub(r"\b(?:square root of|sqrt of|root of)\s*(\d+(?:\.\d+)?)", r"sqrt(\1)", text)
        spans = [m[0].strip(" ,.") for m in re.finditer(r"(?:sqrt\()?[\d.()\s+*/-]*\d[\d.()\s+*/-]*\)?", text)]
        spans = [span for span in spans if re.search(r"\d\s*\)*\s*(?:\*\*|[+*/-])\s*\(*\s*\d", span) or "sqrt" in span]
        return max(spans, key=len) if spans else None

    # -- what may be said --------------------------------------------------------------------------------------------

    @cached_property
    def conditions(self) -> list[Offer]:
        """Every condition the question allows, those it names outright first."""
        found = [*self._of_ids(), *self._of_numbers(), *self._of_nothing(), *self._of_categories(), *self._of_labels(), *self._of_before()]
        return _distinct(found)

    @cached_property
    def changes(self) -> list[Offer]:
        """Every change the question allows."""
        found = [*self._set_numbers(), *self._set_categories(), *self._changes_before()]
        return _distinct(found) if found and (_CHANGES.search(self.text) or self._changes_before()) else []

    @cached_property
    def columns(self) -> list[Offer]:
        """The columns and the target: those the question names first; only those where it names one outright."""
        schema = self.terms.schema
        strength = {name: 0.0 for name in (*schema.names, schema.target)}
        where = {}
        for name in self.names:
            if name.column in strength:
                better = name.strength * (1.0 if name.value is None else 0.4)
                if better > strength[name.column]:
                    strength[name.column], where[name.column] = better, name.start
        for number in self.numbers:
            for feature in schema.features if number.unit else ():
                if feature.kind == "numeric" and feature.unit and converted(number, feature.unit) is not None:
                    strength[feature.name] = max(strength[feature.name], 0.5)
        asked = [str(call["args"].get(key)) for call in self.before for key in ("feature", "name") if key in call["args"]]
        for column in asked:
            strength[column] = max(strength.get(column, 0.0), 0.3)
        best = max(strength.values())
        least = 0.5 if best >= 0.8 else best / 2
        offered = [name for name in strength if strength[name] >= least] if best else list(strength)
        return [Offer(name, name) for name in sorted(offered, key=lambda name: (-strength[name], where.get(name, 0)))]

    @cached_property
    def named(self) -> list[str]:
        """The features it names outright, and not as the column of a condition."""
        used = {self._column_of(number) for number in self.numbers}
        sure = [n.column for n in self.names if n.value is None and n.strength >= 0.9 and not n.direction]
        return [column for column in dict.fromkeys(sure) if column in self.terms.schema.by_name and column not in used]

    @cached_property
    def labels(self) -> list[Offer]:
        """The labels, those the question names first."""
        schema = self.terms.schema
        named = [name.value for name in self.names if name.column == schema.target and name.value is not None]
        return [Offer(label, label) for label in sorted(schema.labels, key=lambda label: label not in named)]

    @cached_property
    def amounts(self) -> list[Offer]:
        """The counts on offer."""
        return [Offer(_text(n.value), n.value, frozenset({n.start})) for n in self.counts]

    def values(self, column: str) -> list[Offer]:
        """The values of a column that the question may ask to place: numbers without a comparison, and categories."""
        feature = self.terms.schema.by_name.get(column)
        if feature is None:
            return []
        if feature.categories:
            names = [n for n in self.names if n.column == column and n.value is not None]
            return _distinct([Offer(str(n.value), n.value, frozenset({n.start})) for n in names])
        numbers = [n for n in self.numbers if n not in self.rows and n.sign in {"", "=="}]
        placed = [(converted(n, feature.unit), n.start) for n in numbers]
        return _distinct([Offer(_text(value), value, frozenset({at})) for value, at in placed if value is not None])

    @property
    def refers(self) -> bool:
        """Whether a word of it stands for the rows of the answer before."""
        return bool(_THOSE.search(self.text))

    @property
    def general(self) -> bool:
        """Whether it is about all rows, in so many words."""
        return bool(_ALL.search(self.text))

    @cached_property
    def repeats(self) -> bool:
        """Whether it asks the question before again, of other rows: there is nothing in it but names and numbers."""
        if not self.before:
            return False
        rest, at = "", 0
        for start, end in sorted({(n.start, n.end) for n in self.names if n.strength >= 0.7} | {(n.start, n.end) for n in self.numbers}):
            rest, at = rest + self.text[at : max(start, at)], max(end, at)
        rest += self.text[at:]
        words = [word for word in re.findall(r"[^\W\d_]+", _AGAIN.sub("", rest, count=1).lower()) if word not in _GLUE | _FILLERS]
        return not words and bool(self.required or _AGAIN.match(self.text))

    @property
    def compares(self) -> bool:
        """Whether it may set one group against another."""
        return bool(_COMPARES.search(self.text))

    @property
    def alternatives(self) -> bool:
        """Whether conditions may be joined by or."""
        return bool(_OR.search(self.text))

    @cached_property
    def unknown(self) -> list[str]:
        """The words that mean nothing in this table and are no words of questions."""
        return []

    @property
    def clauses(self) -> int:
        """How many things the question asks: at least so many calls there will be, where they differ."""
        text = self.text.rstrip(" ?.!")
        return 1 + sum(bool(_ASKED.search(text[: match.start()])) for match in _CLAUSE.finditer(text))

    @cached_property
    def metrics(self) -> list[str]:
        """The measures of quality it names."""
        words = self.text.lower()
        return [metric for metric, pattern in _METRICS.items() if re.search(rf"\b(?:{pattern})\b", words)]

    @cached_property
    def required(self) -> frozenset[int]:
        """Where the words are that a call has to account for: numbers in digits, and names of categories."""
        schema = self.terms.schema
        if self.expression is not None:
            return frozenset()
        meant = [n for n in self.numbers if n.digits or n.sign or n.unit or n.value != 1 or self._column_of(n) is not None]
        numbers = {n.start for n in meant} | {n.start for n in [*self.rows, *self.counts]}
        names = {n.start for n in self.names if n.value is not None and n.column != schema.target and n.strength >= 0.9}
        reachable = {at for offer in [*self.conditions, *self.changes, *self.amounts] for at in offer.uses}
        return frozenset((numbers | names) & reachable)

    def _of_ids(self) -> Iterator[Offer]:
        column = self.id_column
        rows = [*self.rows, *(n for n in self.numbers if n not in self.rows and self._bare(n))]
        if len(rows) > 1:
            yield self._condition([column, "in", [n.value for n in rows]], *(n.start for n in rows))
        for number in rows:
            yield self._condition([column, "==", number.value], number.start)
        for match in re.finditer(r"\S+", self.text):
            word = match[0].strip("?!.,;:'\"()")
            if not word.isdigit() and self.is_id(word):
                yield self._condition([column, "==", word], match.start())

    def _bare(self, number: Number) -> bool:
        """Tell whether a number stands without a unit, a comparison or a column of its own."""
        plain = isinstance(number.value, int) and number.digits and self.text[number.start : number.end] == str(number.value)
        plain = plain and number.step in {"", "set"}
        return plain and not (number.sign or number.unit) and number not in self.counts and not self._column_of(number)

    def _is_id(self, number: Number) -> bool:
        """Tell whether a number that stands alone is the id of a row."""
        return self._bare(number) and self.is_id(str(number.value))

    def _of_numbers(self) -> Iterator[Offer]:
        for number in self.numbers:
            if number in self.rows or number in self.counts or (number.step and not number.sign) or self._is_id(number):
                continue
            for feature in self._columns_of(number):
                value = converted(number, feature.unit)
                if value is None:
                    continue
                for sign in self._signs(number):
                    yield self._condition([feature.name, sign, value], number.start)

    def _signs(self, number: Number) -> tuple[str, ...]:
        """Return the comparisons the words around a number allow."""
        if number.sign and number.sign != "==":
            return (number.sign,)
        denied = bool(_DENIED.search(self.text[max(0, number.start - 30) : number.start].lower()))
        return ("!=", "==") if denied and number.sign else ("!=", *SIGNS) if denied else (number.sign,) if number.sign else SIGNS

    def _of_nothing(self) -> Iterator[Offer]:
        """Yield the conditions of "no kids", "without a promotion": a number that is 0."""
        for name in self.names:
            feature = self.terms.schema.by_name.get(name.column)
            before = self.text[max(0, name.start - 20) : name.start].lower()
            if feature is not None and feature.kind == "numeric" and re.search(r"\b(?:no|without|zero|never had)\s+(?:any\s+|a\s+)?(?:\w+\s+)?$", before):
                yield self._condition([feature.name, "==", 0], name.start)

    def _columns_of(self, number: Number) -> list[Feature]:
        """Return the numeric columns a number may belong to: the one beside it, else all, those named first."""
        numeric = [feature for feature in self.terms.schema.features if feature.kind == "numeric"]
        beside = self._column_of(number)
        if beside is not None:
            return [feature for feature in numeric if feature.name == beside]
        named = {name.column: name.strength for name in self.names if name.value is None}
        if number.decade and (ages := [f for f in numeric if "age" in words_of(f.name) or (f.unit or "").startswith("year")]):
            numeric = ages
        if not number.step:
            values = {feature.name: converted(number, feature.unit) for feature in numeric}
            near = [f for f in numeric if (value := values[f.name]) is not None and self.terms.plausible(f.name, value)]
            numeric = near or numeric
        return sorted(numeric, key=lambda feature: -named.get(feature.name, 0.0))

    def _column_of(self, number: Number) -> str | None:
        """Return the numeric column that is named right beside a number, if one is."""
        numeric = {feature.name: feature for feature in self.terms.schema.features if feature.kind == "numeric"}
        names = [n for n in self.names if n.value is None and n.column in numeric and n.strength >= 0.7]
        names = [n for n in names if converted(number, numeric[n.column].unit) is not None]
        others = [n.start for n in self.numbers]
        before = [n for n in names if n.end <= number.start and not any(n.end <= at < number.start for at in others)]
        if before and _glued(self.text[before[-1].end : number.start]):
            return self._one_of(before[-1], names)
        after = [n for n in names if n.start >= number.end and not any(number.end <= at < n.start for at in others)]
        if after and _glued(self.text[number.end : after[0].start], most=3, glue=_GLUE_AFTER):
            return self._one_of(after[0], names)
        shared = self._partner(number)
        return self._column_of(shared) if shared is not None else None

    def _partner(self, number: Number) -> Number | None:
        """Return the lower end of a range whose upper end a number is: the column is named beside that one."""
        at = self.numbers.index(number)
        if at and number.sign == "<=" and self.numbers[at - 1].sign == ">=":
            between = self.text[self.numbers[at - 1].end : number.start]
            if len(between.split()) <= 2:
                return self.numbers[at - 1]
        return None

    @staticmethod
    def _one_of(name: Name, names: Sequence[Name]) -> str | None:
        """Return the name's column, or None where the same words name another one too."""
        return name.column if sum(n.start == name.start for n in names) == 1 else None

    def _of_categories(self) -> Iterator[Offer]:
        schema = self.terms.schema
        named: dict[str, list[Name]] = {}
        for name in self.names:
            if name.value is not None and name.column != schema.target and not self._supposed(name):
                named.setdefault(name.column, []).append(name)
        for column, names in named.items():
            values = list(dict.fromkeys(str(name.value) for name in names))
            denied = any(self._denied(name) for name in names)
            if len(values) > 1:
                yield self._condition([column, "in", values], *(name.start for name in names))
            for name in names:
                for sign in ("!=", "==") if self._denied(name) else ("==", "!=") if denied or _DENIED.search(self.text.lower()) else ("==",):
                    yield self._condition([column, sign, name.value], *(n.start for n in names if n.value == name.value))
        for name in self.names:
            feature = schema.by_name.get(name.column)
            if feature is None or name.value is not None or name.column in named or not feature.categories:
                continue
            if name.strength >= 0.5 and len(feature.categories) <= MOST_CATEGORIES:
                for value in feature.categories:
                    yield self._condition([name.column, "==", value])

    def _supposed(self, name: Name) -> bool:
        """Tell whether a category is what a row would have, if: then it selects no rows."""
        start = next((m.start() for m in _SUPPOSED.finditer(self.text) if m.start() < name.start), None)
        if start is None:
            return False
        elsewhere = any(n.column == name.column and n.value not in (None, name.value) and n.start < start for n in self.names)
        return elsewhere or bool(self.rows) or any(self._is_id(n) for n in self.numbers) or bool(self.before)

    def _denied(self, name: Name) -> bool:
        return bool(_NOT.search(self.text[: name.start].lower()))

    def _of_labels(self) -> Iterator[Offer]:
        schema = self.terms.schema
        names = [name for name in self.names if name.column == schema.target]
        named = list(dict.fromkeys(str(name.value) for name in names if name.value is not None))
        values = named or (list(schema.labels) if names else [])
        if names and len(schema.labels) == 2 and _DENIED.search(self.text.lower()):
            values = [*values, *(label for label in schema.labels if label not in values)]
        said = re.search(r"\b(?:predict\w*|you|model|classif\w*|labell?ed)\b", self.text.lower())
        for column in ("prediction", "label") if said else ("label", "prediction"):
            for value in values:
                yield self._condition([column, "==", value])
                if len(schema.labels) > 2 and _DENIED.search(self.text.lower()):
                    yield self._condition([column, "!=", value])

    def conditions_for(self, tool: str) -> list[Offer]:
        """The conditions that make sense for a tool: what it asks for is no condition.

        A prediction or a chance among the rows that have a label is asked for in so many words ("really", "predicted").
        """
        words = self.text.lower()
        barred = {"predict": {"prediction"}, "labels": {"label"}}.get(tool, set())
        if tool in {"predict", "probability", "explain", "counterfactual", "similar"}:
            barred = barred | (set() if _TRULY.search(words) else {"label"}) | (set() if _PREDICTED.search(words) else {"prediction"})
        return [offer for offer in self.conditions if offer.value[0] not in barred]

    def _of_before(self) -> Iterator[Offer]:
        """Yield the conditions of the answer before, and what is left when they are turned round."""
        others = _OTHERS.search(self.text)
        for call in self.before:
            where = call["args"].get("where") or []
            if isinstance(where, Mapping):
                continue
            for column, sign, value in where:
                if others and sign in INVERSE:
                    yield Offer(condition_text([column, INVERSE[sign], value]), [column, INVERSE[sign], value])

    def _set_numbers(self) -> Iterator[Offer]:
        for number in self.numbers:
            if number in self.rows or (number.sign and not number.step) or number in self.counts:
                continue
            for feature in self._columns_of(number):
                value = converted(number, feature.unit)
                if value is None:
                    continue
                for action in (number.step,) if number.step else ("increase", "decrease", "set"):
                    yield self._change({"column": feature.name, "action": action, "value": value}, number.start)

    def _set_categories(self) -> Iterator[Offer]:
        schema = self.terms.schema
        for name in self.names:
            feature = schema.by_name.get(name.column)
            if feature is None or not feature.categories:
                continue
            values = [name.value] if name.value is not None else list(feature.categories)
            if name.value is not None and len(feature.categories) == 2:
                values += [value for value in feature.categories if value != name.value]
            for value in values[:MOST_CATEGORIES]:
                uses = (name.start,) if name.value is not None else ()
                yield self._change({"column": name.column, "action": "set", "value": value}, *uses)

    def _changes_before(self) -> list[Offer]:
        changes = [change for call in self.before for change in call["args"].get("changes", [])]
        return [Offer(change_text(change), dict(change)) for change in changes]

    @staticmethod
    def _condition(condition: list[Any], *uses: int) -> Offer:
        return Offer(condition_text(condition), condition, frozenset(uses))

    @staticmethod
    def _change(change: dict[str, Any], *uses: int) -> Offer:
        return Offer(change_text(change), change, frozenset(uses))


def _glued(between: str, most: int = 6, glue: Collection[str] = _GLUE) -> bool:
    """Tell whether the words between a column and a number hold them together."""
    words = re.findall(r"[^\W\d_]+", between.lower())
    return len(words) <= most and not re.search(r"[;?]", between) and all(word in glue or word in _UNIT for word in words)


def _distinct(offers: Sequence[Offer]) -> list[Offer]:
    found: dict[str, Offer] = {}
    for offer in offers:
        found.setdefault(offer.text, offer)
    return list(found.values())


def _text(value: int | float) -> str:
    return str(value)

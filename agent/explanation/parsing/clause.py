"""What the words so far are about: the features last mentioned, a negation that is still open."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.explanation.parsing.assertions import (
    Assertion,
    Certain,
    Effect,
    HasCategory,
    Level,
    Nearer,
    Number,
    Ordered,
    Predicted,
    Quantity,
    Ranked,
    Stated,
    Within,
)
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.grammar import Subject
from tools.errors import ToolError

__all__ = ["Clause", "Said"]


@dataclass(frozen=True)
class Said:
    """What a phrase asserts: what a negation before it denies, and the numbers it gives by the way."""

    main: list[Assertion]
    also: list[Assertion] = field(default_factory=list)


@dataclass
class Clause:
    """The state of reading a sentence.

    Attributes
    ----------
    facts : Facts
        What can be spoken of.
    features : tuple of str
        The features last mentioned.
    silent : tuple of str
        Those of them of which nothing is said yet.
    negated : bool
        Whether the next predicate is denied.
    labels : tuple of str
        Whose rows were last spoken of.
    others : tuple of str
        The features that those last mentioned were compared with.
    last : Quantity or None
        The statistic last spoken of.
    sized : bool
        Whether a contribution, not a value, is spoken of.
    top : int or None
        How many of the strongest features are counted.
    frame : callable or None
        What a number says of the rows of a label, where the sentence goes on with *and 5 for the others*.
    front : tuple of str or None
        Whose rows a phrase before the clause puts everything under.
    neither : bool
        Whether the negation is of each thing in a list.
    denying : bool
        Whether the last phrase was denied, so that *or* goes on with it.
    contributed : bool
        Whether a number was said to be a contribution.
    shared : bool
        Whether numbers may be of several features together: not after *each* or *both*.
    told : bool
        Whether the category of the feature last mentioned was said.
    near : bool
        Whether the most similar rows are spoken of.
    answer : str or None
        The label whose probability is spoken of.
    rank : int or None
        The rank last given.
    """

    facts: Facts
    features: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    negated: bool = False
    labels: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    last: Quantity | None = None
    sized: bool = False
    top: int | None = None
    frame: Callable[[str, Number], Assertion] | None = None
    front: tuple[str, ...] | None = None
    neither: bool = False
    denying: bool = False
    contributed: bool = False
    shared: bool = True
    told: bool = False
    near: bool = False
    answer: str | None = None
    rank: int | None = None

    def mention(self, subject: Subject) -> Said:
        """Make a subject the one that is spoken of, and return what is said of its values.

        Raises
        ------
        ToolError
            When nothing was said of the one before, or a value is not known.
        """
        if self.contributed and subject.bare:
            raise ToolError("A value or a contribution.")
        if self.silent:
            raise ToolError(f"Nothing is said of {' and '.join(self.silent)}.")
        given = {name for name, _ in (*subject.numbers, *subject.contributions, *subject.categories)}
        self.others, self.last, self.sized, self.frame = (), None, subject.sized, None
        self.near, self.answer, self.top, self.shared = False, None, None, True
        self.labels = ()
        self.told = bool(subject.categories) and not self.negated
        self.features, self.silent = subject.features, tuple(f for f in subject.features if f not in given)
        return self.values(subject)

    def values(self, subject: Subject) -> Said:
        """Return what is said of the values of a subject."""
        numbers = [Stated(quantity=self._meant(feature, number), number=number) for feature, number in subject.numbers]
        numbers += [Stated(quantity=self.signed(f, number), number=number) for f, number in subject.contributions]
        return Said(
            [HasCategory(ref=self.facts.value(feature), category=category) for feature, category in subject.categories],
            list(numbers),
        )

    def signed(self, feature: str, number: Number) -> Quantity:
        """Return what a number with a sign behind a name is of: the contribution, if it is not the row's value."""
        if number.fits(self.facts.number(feature)):
            return Quantity(refs=(self.facts.value(feature),))
        return Quantity(refs=(self.facts.contribution(feature),), absolute=not number.signed)

    def _meant(self, feature: str, number: Number) -> Quantity:
        """Return what a number after a name is of: a negative one of the contribution where the value is not below 0."""
        value = self.facts.evidence.value(self.facts.value(feature))
        if number.value < 0 and not (isinstance(value, int | float) and value < 0):
            return Quantity(refs=(self.facts.contribution(feature),))
        return Quantity(refs=(self.facts.value(feature),))

    def each(self, make: Callable[[str], Assertion]) -> list[Assertion]:
        """Say something of every feature last mentioned.

        Raises
        ------
        ToolError
            When there is none.
        """
        if not self.features:
            raise ToolError("Nothing is spoken of.")
        made = [make(feature) for feature in self.features]
        self.silent = ()
        return made

    def placed(self) -> str:
        """Return the feature last mentioned, where it is one whose value is spoken of."""
        if self.sized:
            raise ToolError("A contribution is spoken of.")
        return self.one()

    def one(self) -> str:
        """Return the feature last mentioned, where it is one."""
        if len(self.features) != 1:
            raise ToolError("More than one feature is spoken of.")
        self.silent = ()
        return self.features[0]

    def denied(self, said: Said) -> list[Assertion]:
        """Return all that is asserted, the main part denied where a negation is open; that ends it."""
        if not self.negated or not (said.main or said.also):
            return [*said.main, *said.also]
        if not said.main or (len(said.main) > 1 and not self.neither) or not all(map(_deniable, said.main)):
            raise ToolError("What is denied is not clear.")
        self.negated, self.denying = False, True
        return [*(a.model_copy(update={"negated": True}) for a in said.main), *said.also]


def _deniable(assertion: Assertion) -> bool:
    """Tell whether *not* before an assertion has one meaning only."""
    if isinstance(assertion, Ordered):
        return not assertion.degree and assertion.relation not in {"equal", "same"}
    return isinstance(assertion, Effect | HasCategory | Predicted | Ranked | Level | Within | Nearer | Certain)

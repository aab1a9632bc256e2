"""What the words of a question ask for, whatever table it is about: measures, comparisons, what would be."""

from functools import cached_property

from agent.conversation.reading import cues

__all__ = ["Asks"]


class Asks:
    """The part of a question that its words alone tell.

    Attributes
    ----------
    text : str
        With shorthand written out and number words in digits.
    """

    text: str

    @cached_property
    def metrics(self) -> list[str]:
        """The measures of quality it names."""
        return [metric for metric, pattern in cues.METRICS.items() if pattern.search(self.text)]

    @property
    def clauses(self) -> int:
        """How many things it asks: at least so many calls there will be, where they differ."""
        text = self.text.rstrip(" ?.!")
        return 1 + sum(bool(cues.ASKED.search(text[: match.start()])) for match in cues.CLAUSE.finditer(text))

    @property
    def joints(self) -> int:
        """How many words or marks it has that can join one question to another."""
        return len(cues.JOINED.findall(self.text.rstrip(" ?.!")))

    @property
    def compares(self) -> bool:
        """Whether it may set one group against another."""
        return bool(cues.COMPARES.search(self.text))

    @property
    def alternatives(self) -> bool:
        """Whether conditions may be joined by or."""
        return bool(cues.ALTERNATIVES.search(self.text))

    @property
    def either(self) -> bool:
        """Whether it says that one of several conditions is enough."""
        return bool(cues.EITHER.search(self.text))

    @property
    def asks_truth(self) -> bool:
        """Whether it asks what really was, not what is said of it."""
        return bool(
            cues.TRULY.search(self.text) and not cues.SAID.search(self.text) and not cues.TO_COME.search(self.text)
        )

    @property
    def refers(self) -> bool:
        """Whether a word of it stands for the rows of the answer before."""
        return bool(cues.THOSE.search(self.text))

    @property
    def flips(self) -> bool:
        """Whether it may ask how to get another answer."""
        return bool(cues.FLIPS.search(self.text))

    @property
    def supposes(self) -> bool:
        """Whether it asks what would be."""
        return bool(cues.SUPPOSED.search(self.text))

    @property
    def general(self) -> bool:
        """Whether it is about all rows, in so many words."""
        return bool(cues.ALL.search(self.text))

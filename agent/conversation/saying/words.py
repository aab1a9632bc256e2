"""Small words: lists, braces, and what a sentence will be before it is rendered."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.conversation.claims import AnswerClaim

__all__ = ["Said", "braced", "listed"]


@dataclass(frozen=True)
class Said:
    """A sentence that will be said.

    Attributes
    ----------
    template : str
        Words, and references to facts.
    claims : tuple of AnswerClaim
        What it says.
    """

    template: str
    claims: tuple[AnswerClaim, ...]


def listed(parts: Sequence[str], last: str = "and", between: str = ", ") -> str:
    """Join parts as one does in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    return f" {last} ".join([between.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def braced(ref: str, form: str = "") -> str:
    """Return a reference as it stands in a template.

    Examples
    --------
    >>> braced("t1.rank", "place")
    '{t1.rank|place}'
    """
    return f"{{{ref}|{form}}}" if form else f"{{{ref}}}"

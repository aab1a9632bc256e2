"""What can be said: patterns of phrases, each with the assertions it makes. The first that fits is taken."""

from agent.explanation.parsing.answers import ANSWERS
from agent.explanation.parsing.groups import GROUPS, continued
from agent.explanation.parsing.influences import INFLUENCES
from agent.explanation.parsing.patterns import Pattern
from agent.explanation.parsing.values import VALUES, Make

__all__ = ["PREDICATES", "Make", "continued"]

PREDICATES: list[tuple[Pattern, Make]] = [
    (Pattern(written, loose=True), make) for written, make in [*GROUPS, *VALUES, *INFLUENCES, *ANSWERS]
]

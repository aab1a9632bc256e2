"""The claim parser: from a sentence in free words to statements whose truth is computed."""

from agent.explanation.parsing.claims import Claims, Said, claims_in
from agent.explanation.parsing.lexer import names_of
from agent.explanation.parsing.parser import Reading, figures_in, names_in, read

__all__ = ["Claims", "Reading", "Said", "claims_in", "figures_in", "names_in", "names_of", "read"]

"""The claim parser: from a sentence in free words to statements whose truth is computed."""

from agent.explanation.parsing.parser import Reading, names_in, read

__all__ = ["Reading", "names_in", "read"]

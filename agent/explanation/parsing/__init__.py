"""The claim parser: from a sentence in free words to statements whose truth is computed."""

from agent.explanation.parsing.parser import Reading, read

__all__ = ["Reading", "read"]

"""Forms of verbs, so that a table of words gives each once."""

__all__ = ["verbs"]


def verbs(stems: str) -> str:
    """Return a pattern for all regular forms of verbs.

    Examples
    --------
    >>> import re
    >>> all(re.fullmatch(verbs("push argue tip carry"), word) for word in ("pushes", "arguing", "tipped", "carries"))
    True
    """
    return "(" + "|".join(_forms(stem) for stem in stems.split()) + ")"


def _forms(stem: str) -> str:
    if stem.endswith("e"):
        return f"{stem[:-1]}(es|ed|ing|e)"
    if stem.endswith("y") and stem[-2] not in "aeou":
        return f"{stem[:-1]}(ies|ied|ying|y)"
    return f"{stem}(es|ed|ing|s|{stem[-1]}ed|{stem[-1]}ing)?"

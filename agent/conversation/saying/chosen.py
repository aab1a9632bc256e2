"""Which option was chosen, and why, in a sentence."""

from agent.conversation.choice import Choice
from agent.conversation.saying.words import Said, braced

__all__ = ["chosen"]

UNDECIDED = "What was found does not decide between the options"


def chosen(choice: Choice) -> Said:
    """Say the choice: what the facts make the answer, and what a model only chose."""
    option = braced("choice.option")
    if choice.by == "facts":
        answer = "none of the options is right" if choice.index is None else f"the answer is {option}"
        shown = " against ".join(map(braced, choice.facts[:2]))
        plain = any(claim.kind == "fact" for claim in choice.claims)  # said already, and cited
        return Said(f"By what was found, {answer}{'' if plain else f': {shown}'}", tuple(choice.claims))
    if choice.by == "nobody":
        return Said(UNDECIDED, ())
    return Said(f"{UNDECIDED}; the language model chose {option if choice.index is not None else 'none of them'}", ())

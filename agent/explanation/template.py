"""From template to text: references become facts as they are shown, and citation marks follow."""

import re
from collections.abc import Sequence

from agent.explanation.evidence import Evidence

__all__ = ["assemble", "citations", "render"]

_REF = re.compile(r"\{([^{}]+)\}")
_UNMARKED = {"choice", "question", "table"}  # what no call has found


def citations(template: str) -> list[str]:
    """Return the facts a template refers to, each once, in order, without formats.

    Examples
    --------
    >>> citations("{t3.features.0.feature} is {t4.z_score|abs} standard deviations above, {t4.z_score}")
    ['t3.features.0.feature', 't4.z_score']
    """
    return list(dict.fromkeys(ref.partition("|")[0] for ref in _REF.findall(template)))


def render(template: str, evidence: Evidence, cited: Sequence[str] = ()) -> str:
    """Return the sentence a template stands for, with citation marks and a full stop (words of others may have one).

    Parameters
    ----------
    template : str
        Words and references.
    evidence : Evidence
        What is referred to.
    cited : sequence of str
        Facts that the sentence rests on beside those it shows.

    Raises
    ------
    ToolError
        If a reference has no fact.

    Examples
    --------
    >>> from tools.observation import Observation
    >>> seen = Observation(id="t1", tool="probability", result={"benign": 0.9731})
    >>> render("The probability of {t1.benign|name} is {t1.benign}", Evidence([seen]))
    'The probability of benign is 97.3% [t1].'
    """
    text = _REF.sub(lambda match: evidence.shown(match[1]), template)
    ids = {ref.partition(".")[0].partition("@")[0] for ref in (*citations(template), *cited)} - _UNMARKED
    marks = "".join(f"[{observation_id}]" for observation_id in sorted(ids, key=lambda name: (len(name), name)))
    stop = "" if template.endswith((".text}", "|text}")) and text.endswith((".", "!", "?")) else "."
    return f"{text} {marks}{stop}" if marks else f"{text}{stop}"


def assemble(sentences: Sequence[str]) -> str:
    r"""Number the steps; the last one is the conclusion.

    Examples
    --------
    >>> assemble(["It is large.", "It is red.", "So it stays."])
    '1. It is large.\n2. It is red.\nConclusion: So it stays.'
    """
    *steps, conclusion = sentences
    numbered = [f"{number}. {sentence}" for number, sentence in enumerate(steps, start=1)]
    return "\n".join([*numbered, f"Conclusion: {conclusion}"])

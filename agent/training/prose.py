"""Sentences in free words as examples: what is known for a step, and one true sentence about it that was read back.

The teacher knows some ways to say a thing and fills in what the tools found; a sentence stands only where the reader
that checks a model's sentences finds in it all that the step has to say, and nothing false.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from agent.explanation import plan
from agent.explanation.claims import Claim, Contribution, Probability
from agent.explanation.evidence import Evidence
from agent.explanation.prose import MARKS, ProseWriter
from agent.explanation.reasons import final_label, placed, subject
from agent.explanation.template import render
from agent.explanation.wording import wordings
from agent.explanation.writer import Writer
from agent.llm.choosers import UniformChat
from agent.llm.turns import turns
from agent.loop import gather
from agent.prompts import explaining
from agent.training.example import Example, Part, Turn
from agent.training.invented import invented, known_tables

__all__ = ["sentences"]

ROWS = 4  # of each table
TOP = (2, 6)

FOR = {
    1: ("speaks for {label}", "points towards {label}", "supports {label}", "makes {label} more likely"),
    -1: ("speaks against {label}", "points away from {label}", "argues against {label}", "makes {label} less likely"),
}
# In the order of the statements that are shown, and the value beside the name: a small model copies what it reads, and
# where two ways begin alike it begins one and ends in the other.
WAYS = (
    "At {value}, {name} is {detail}; it {does} and makes the {rank} contribution",
    "With a value of {value}, {name} is {detail}, and this {does} with the {rank} contribution",
    "The value of {name} is {value}, which is {detail}; it makes the {rank} contribution and {does}",
    "Because its value of {value} is {detail}, {name} {does}, with the {rank} contribution",
)
CATEGORY = (
    "{name} is {value}, {detail}, and this {does} with the {rank} contribution",
    "{name} is {value}, {detail}; it makes the {rank} contribution and {does}",
)
PLAIN = (
    "At {value}, {name} {does} and makes the {rank} contribution",
    "The value of {name} is {value}; it makes the {rank} contribution and {does}",
)
PLAIN_CATEGORY = (
    "{name} is {value}, and this {does} with the {rank} contribution",
    "{name} is {value}; it makes the {rank} contribution and {does}",
)
OPENINGS = (
    "The predictor gives {label} a probability of {p}",
    "{label} has a probability of {p}",
    "For this row the probability of {label} is {p}",
)
CONCLUSIONS = (
    "With a probability of {p}, the row is classified as {label}",
    "The row is classified as {label}, with a probability of {p}",
    "All in all the answer is {label}, at a probability of {p}",
)


def sentences(tables: int = 120, seed: int = 0) -> Iterator[Example]:
    """Yield sentences about rows of invented tables, each true and complete.

    Parameters
    ----------
    tables : int
        How many.
    seed : int
        Of the tables, the rows, and the choice of words.
    """
    chance, known = np.random.default_rng(seed), known_tables()
    for number in range(tables):
        bundle = invented(known, chance)
        for at in chance.permutation(np.flatnonzero(bundle.train))[:ROWS]:
            row, top = bundle.features_of(int(at)), int(chance.integers(*TOP, endpoint=True))
            chat = UniformChat(seed=int(chance.integers(2**31)), trained=frozenset({"prose"}))
            evidence = Evidence(gather(bundle, row, chat, min(top, len(row))))
            writer = _Teacher(evidence, min(top, len(row)), chat, explaining(evidence), chance=chance)
            writer.write()
            for shown, written in writer.written:
                yield Example(kind="prose", table=f"invented {number}", turns=shown, answer=written)


@dataclass
class _Teacher(ProseWriter):
    """Writes an explanation in words of its own that pass, and remembers what was shown for each sentence."""

    chance: np.random.Generator = field(default_factory=np.random.default_rng)
    written: list[tuple[tuple[Turn, ...], tuple[Part, ...]]] = field(default_factory=list)

    def _step(self, choices: Sequence[Sequence[Claim]]) -> None:
        core = plan.core(choices[0])
        known = self._statements(choices) if core else []
        shown = self._shown(known)
        said = {MARKS.sub("", render(template, self.evidence)) for template in known}
        for template in self._ways(choices[0]) if core else []:
            text = MARKS.sub("", render(template, self.evidence))
            step, _ = self._judged(text.removesuffix("."), core, shown)
            if step is not None and text not in said:
                asked = tuple(
                    Turn(role=turn["role"], content=turn["content"]) for turn in turns(self._messages(known, ""))
                )
                self.written.append((asked, (Part(text=self._said()), Part(text=f" {text}", written=True))))
                self.steps.append(step)
                return
        Writer._step(self, choices)

    def _ways(self, claims: Sequence[Claim]) -> list[str]:
        """Return templates that may say a step, in any order: the teacher's own, or where it has none the grammar's."""
        own = _own(claims, self.evidence) or wordings(claims, self.evidence, self.claims[-1] if self.steps else [])
        return [str(own[at]) for at in self.chance.permutation(len(own))]


def _own(claims: Sequence[Claim], evidence: Evidence) -> list[str]:
    """Return the teacher's own templates for what a step may claim."""
    label = final_label(evidence)
    first, *rest = claims
    if not isinstance(first, Contribution):
        answers = OPENINGS if isinstance(first, Probability) else CONCLUSIONS
        return [way.format(label=label, p=f"{{{evidence.probability_ref}}}") for way in answers]
    if first.value is None or not first.sign:
        return []
    name, value, _ = subject(first, evidence)
    given = {"name": name, "value": value, "rank": f"{{{first.ref}.rank}}"}
    does = [way.format(label=label) for way in FOR[first.sign]]
    details = placed(first, rest[0], evidence) if len(rest) == 1 and not isinstance(rest[0], Contribution) else []
    named = isinstance(first.value, str)
    if not details:
        return [way.format(**given, does=verb) for way, verb in product(PLAIN_CATEGORY if named else PLAIN, does)]
    ways = CATEGORY if named else WAYS
    return [way.format(**given, does=verb, detail=detail) for way, verb, detail in product(ways, does, details)]

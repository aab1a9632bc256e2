"""The strict writer: every step is one of the true sentences the grammar has, and the model says which.

All sentences that may come next form a tree of words. Where they agree the text is forced; where they differ the chat
model is asked for its next words among those that stay true. Chosen by `RuleChat`, the same tree gives the rule writer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from langchain_core.messages import BaseMessage

from agent.explanation import plan
from agent.explanation.claims import Claim, is_claim
from agent.explanation.evidence import Evidence
from agent.explanation.result import Step
from agent.explanation.template import citations, render
from agent.explanation.wording import wordings
from agent.llm.forking import ForkingChat

__all__ = ["Writer"]


@dataclass(frozen=True)
class _Candidate:
    """A true sentence that may come next."""

    template: str
    claims: tuple[Claim, ...]
    text: str


@dataclass
class Writer:
    """Writes one explanation.

    Parameters
    ----------
    evidence : Evidence
        What may be said.
    top : int
        How many of the largest contributions every text names.
    chat : ForkingChat
        Who chooses.
    messages : sequence of BaseMessage
        The conversation that the text answers.
    temperature : float
        0 takes the likeliest words, higher values sample.
    seed : int
        Fixes the sampling.
    """

    evidence: Evidence
    top: int
    chat: ForkingChat
    messages: Sequence[BaseMessage]
    temperature: float = 0.0
    seed: int = 0
    steps: list[Step] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What should be known of how the text came about."""
        return []

    @property
    def claims(self) -> list[list[Claim]]:
        """What every step so far claims, of what the plan offered."""
        return [[claim for claim in step.claims if is_claim(claim)] for step in self.steps]

    def write(self) -> list[Step]:
        """Write all steps.

        Returns
        -------
        list of Step
            The opening, the reasons, the remarks and the conclusion.
        """
        while choices := plan.choices(self.claims, self.evidence, self.top):
            self._step(choices)
        return self.steps

    def _step(self, choices: Sequence[Sequence[Claim]]) -> None:
        """Write one step that makes one of several lists of claims."""
        candidates = self._fresh(list(self._candidates(choices)))
        index = self._walk([" " + candidate.text for candidate in candidates]) if len(candidates) > 1 else 0
        chosen = candidates[index]
        self.steps.append(
            Step(
                text=chosen.text,
                template=chosen.template,
                citations=citations(chosen.template),
                claims=list(chosen.claims),
                writer="rule" if self.chat.describe() is None else "model",
            )
        )

    def _candidates(self, choices: Sequence[Sequence[Claim]]) -> Iterator[_Candidate]:
        previous = self.claims[-1] if self.steps else ()
        for claims in choices:
            templates = wordings(claims, self.evidence, previous)
            turn = len(self.steps) % len(templates) if templates else 0
            for template in [*templates[turn:], *templates[:turn]]:
                yield _Candidate(template, tuple(claims), render(template, self.evidence))

    def _fresh(self, candidates: list[_Candidate]) -> list[_Candidate]:
        """Leave out what repeats much of the wording of the last two steps, and a kind of detail said just now."""
        said = {words for step in self.steps[-2:] for words in _phrases(step.template)}
        repeats = [len(said & _phrases(candidate.template)) for candidate in candidates]
        most = sorted(repeats)[len(repeats) // 3]
        begun = {_opening(step.template) for step in self.steps[-2:]} - {"the", "{}"}
        fresh = [
            candidate
            for candidate, repeated in zip(candidates, repeats, strict=True)
            if repeated <= most and _opening(candidate.template) not in begun
        ] or candidates
        kinds = {claim.kind for claim in (self.claims[-1] if self.steps else ())} - {"contribution"}
        return [c for c in fresh if not kinds & {claim.kind for claim in c.claims}] or fresh

    def _walk(self, texts: Sequence[str]) -> int:
        """Walk the tree of the texts' words, asking the model at each fork; return the text it arrives at."""
        prefix = "\n".join(f"{number}. {step.text}" for number, step in enumerate(self.steps, start=1))
        prefix = f"{prefix}\n{len(self.steps) + 1}." if prefix else "1."
        alive, said = list(range(len(texts))), 0
        while len(alive) > 1:
            said = _agreement([texts[i] for i in alive])
            groups: dict[str, list[int]] = {}
            for i in alive:
                groups.setdefault(texts[i][said : _word_end(texts[i], said)], []).append(i)
            if len(groups) == 1:  # the same sentence twice
                break
            options = [texts[group[0]][said : _agreement([texts[i] for i in group])] for group in groups.values()]
            fork = self.chat.fork(
                self.messages,
                prefix + texts[alive[0]][:said],
                options,
                temperature=self.temperature,
                seed=self.seed + 1000 * len(self.steps) + said,
            )
            alive = list(groups.values())[fork.index]
        return alive[0]


def _word_end(text: str, start: int) -> int:
    end = text.find(" ", start + 1)
    return len(text) if end < 0 else end


def _agreement(texts: Sequence[str]) -> int:
    """Return up to where texts agree, at the end of a word."""
    first, position = texts[0], 0
    while position < len(first):
        end = _word_end(first, position)
        word = first[position:end]
        if not all(t[position:end] == word and _word_end(t, position) == end for t in texts):
            break
        position = end
    return position


def _words(template: str) -> list[str]:
    """Return the words of a sentence, with every name and number alike."""
    return re.sub(r"\{[^}]*\}", "{}", template).lower().split()


def _opening(template: str) -> str:
    return _words(template)[0]


def _phrases(template: str) -> set[tuple[str, ...]]:
    """Return the runs of three words in a sentence."""
    words = _words(template)
    return set(zip(words, words[1:], words[2:], strict=False))

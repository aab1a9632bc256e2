"""The prose writer: free words between fact references, every sentence read back and checked before it stands.

A sentence that is not understood, not true, or leaves out what its step has to say is written again, with what was
wrong as a hint; then a strict sentence takes its place. Remarks and warnings stay strict: what a calculation means is
known from its expression, not from words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from agent.explanation import plan
from agent.explanation.claims import Claim, Contribution
from agent.explanation.evidence import Evidence
from agent.explanation.parsing import Reading, names_in, read
from agent.explanation.parsing.assertions import Assertion, Effect, HasCategory, Predicted, Ranked, Stated, facts_of
from agent.explanation.result import Step
from agent.explanation.template import citations, render
from agent.explanation.wording import wordings
from agent.explanation.writer import Writer
from agent.llm.engine import Sentence
from agent.llm.forking import ForkingChat
from agent.prompts import BRIEF_PROSE, PROSE
from tools.observation import reference

__all__ = ["ProseWriter", "cited", "findings", "style_of"]

LEAD = "Sentence:"
TRIES = 2
LARGE = 7e9
STATEMENTS = 3
MARKS = re.compile(r" ?\[\w+\]")
_REF = re.compile(r"\{([^{}]*)\}")


@dataclass
class ProseWriter(Writer):
    """Writes one explanation in free words.

    Parameters
    ----------
    As `Writer`'s.

    Attributes
    ----------
    asked, passed : int
        How many sentences were asked for, and how many of them passed the first time.
    rewritten : int
        How many sentences were thrown away.
    replaced : int
        How many strict sentences stand where none in free words passed.
    """

    asked: int = 0
    passed: int = 0
    rewritten: int = 0
    replaced: int = 0

    @property
    def notes(self) -> list[str]:
        """How many sentences did not pass."""
        if not self.rewritten:
            return []
        strict = f", and {self.replaced} gave way to strict ones" if self.replaced else ""
        return [f"{self.rewritten} sentences in free words did not pass and were written again{strict}."]

    def _step(self, choices: Sequence[Sequence[Claim]]) -> None:
        core, hint = plan.core(choices[0]), ""
        known = self._statements(choices) if core else []
        self.asked += bool(core)
        for attempt in range(TRIES if core else 0):
            step, hint = self._attempt(core, known, attempt, hint)
            if step is not None:
                self.passed += not attempt
                self.steps.append(step)
                return
            self.rewritten += 1
        self.replaced += bool(core)
        super()._step(choices)

    def _statements(self, choices: Sequence[Sequence[Claim]]) -> list[str]:
        """Return strict sentences of the step's offers: what the model is to put into its own words."""
        previous = self.claims[-1] if self.steps else []
        found = []
        for at, claims in enumerate(choices):
            templates = wordings(claims, self.evidence, previous)
            found += [templates[(len(self.steps) + at) % len(templates)]] if templates else []
        return found[: 1 if self._trained else STATEMENTS]  # a small model mixes what two statements say

    def _attempt(self, core: list[Claim], known: Sequence[str], attempt: int, hint: str) -> tuple[Step | None, str]:
        """Write the sentence of a step once; return it, or what is wrong with it."""
        shown = self._shown(known)
        written = self.chat.compose(
            self._messages(known, hint),
            self._said(),
            Sentence(tuple(shown)),
            temperature=self.temperature if attempt else 0.0,
            seed=self.seed + 1000 * len(self.steps) + attempt,
        )
        return self._judged(written, core, shown)

    def _shown(self, known: Sequence[str]) -> dict[str, str]:
        """Return the references of strict sentences by how their facts are shown."""
        return {self.evidence.shown(ref): f"{{{ref}}}" for template in known for ref in references(template)}

    def _said(self) -> str:
        """Return the answer so far; a model that was trained to write sentences does without those before."""
        if self._trained:
            return LEAD
        said = [f"{number}. {MARKS.sub('', step.text)}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([*said, f"{len(said) + 1}."])

    @property
    def _trained(self) -> bool:
        return "prose" in self.chat.trained

    def _judged(self, written: str, core: list[Claim], shown: Mapping[str, str]) -> tuple[Step | None, str]:
        """Read a sentence back; return it as a step, or what is wrong with it."""
        template = templated(written, shown)
        reading = read(render(template, self.evidence), self.evidence)
        wrong = findings(template, core, reading, self.evidence)
        if wrong:
            return None, wrong
        cites = cited(template, reading)
        return Step(
            text=render(template, self.evidence, cites),
            template=template,
            citations=cites,
            claims=[*core, *reading.assertions],
            writer="model",
            style="prose",
        ), ""

    def _messages(self, known: Sequence[str], hint: str) -> list[BaseMessage]:
        """Return the conversation: the rules, then what is known for this step."""
        facts = [f"- {MARKS.sub('', render(template, self.evidence))}" for template in known]
        if self._trained:
            return [SystemMessage(BRIEF_PROSE), HumanMessage("\n".join([*facts, *([hint] if hint else [])]))]
        asked = [str(self.messages[-1].text), "For the next sentence it is known:", *facts, *([hint] if hint else [])]
        return [SystemMessage(PROSE), HumanMessage("\n".join(asked))]


def templated(written: str, known: Mapping[str, str]) -> str:
    """Return a sentence with references in the place of the names and numbers it gives.

    Parameters
    ----------
    written : str
        The sentence.
    known : mapping of str to str
        References by how they are shown.

    Examples
    --------
    >>> templated("At 0.27, age is above 0.2.", {"age": "{t1.feature}", "0.27": "{t1.value}", "0.2": "{t2.mean}"})
    'At {t1.value}, {t1.feature} is above {t2.mean}'
    """
    names = "|".join(re.escape(shown) for shown in sorted(known, key=len, reverse=True))
    found = re.compile(rf"(?<![\w.])({names})(?!\w|\.\d|%)", re.IGNORECASE)
    lower = {shown.lower(): ref for shown, ref in known.items()}
    plain = written.replace("{", "(").replace("}", ")").strip().rstrip(".")
    return found.sub(lambda match: lower[match[1].lower()], plain)


def cited(template: str, reading: Reading) -> list[str]:
    """Return the facts that a sentence shows, and those that what is read from it rests on: *above the mean* is one."""
    return list(dict.fromkeys([*citations(template), *(ref for made in reading.assertions for ref in facts_of(made))]))


def style_of(style: str, chat: ForkingChat) -> str:
    """Return the style that a model writes in: `auto` is strict below seven billion parameters, or if nobody knows."""
    if chat.describe() is None:
        return "strict"
    if style == "auto":
        return "prose" if (chat.parameters or 0) >= LARGE else "strict"
    return style


def findings(template: str, core: Sequence[Claim], reading: Reading, evidence: Evidence) -> str:
    """Return what keeps a sentence from standing; nothing where it may."""
    if re.search(r"[^\S ]", template):
        return "Write on one line."
    loose = free_words(template, evidence)
    if loose:
        return f"Use only the names and numbers of these facts, not “{loose[0]}”."
    if reading.unread:
        return f"Say it in other words than “{reading.unread[0]}”."
    if reading.false:
        return f"A first try was false in what it said of {_told(reading.false[0])}."
    missing = [what for claim in core for what in _missing(claim, reading.assertions, evidence)]
    return f"Say also {missing[0]}." if missing else ""


def references(template: str) -> list[str]:
    """Return the references in a template, with their formats."""
    return _REF.findall(template)


def free_words(template: str, evidence: Evidence) -> list[str]:
    """Return names and numbers that stand in a template as words instead of references."""
    return names_in(_REF.sub(" ", template), evidence)


def _missing(claim: Claim, said: Sequence[Assertion], evidence: Evidence) -> list[str]:
    """Return what a sentence has to assert for a claim, and does not."""
    plain = [assertion for assertion in said if not assertion.negated]  # *not the second* does not say which
    if not isinstance(claim, Contribution):
        if claim.kind == "label":
            return [] if any(isinstance(a, Predicted) and a.place == 0 for a in plain) else ["the label"]
        given = any(isinstance(a, Stated) and a.quantity.refs == (evidence.probability_ref,) for a in plain)
        return [] if given else ["the probability"]
    amount, values = f"{claim.ref}.contribution", {ref for a in plain for ref in _values(a)}
    lacking = {
        "the value": not any(_same(ref, claim, evidence) for ref in values),
        "whether it speaks for or against": not any(isinstance(a, Effect) and a.ref == amount for a in plain),
        "the rank of the contribution": not any(
            isinstance(a, Ranked) and a.ref == amount and not a.within for a in plain
        ),
    }
    return [what for what, is_lacking in lacking.items() if is_lacking]


def _values(assertion: Assertion) -> tuple[str, ...]:
    if isinstance(assertion, Stated):
        return assertion.quantity.refs
    return (assertion.ref,) if isinstance(assertion, HasCategory) else ()


def _same(ref: str, claim: Contribution, evidence: Evidence) -> bool:
    call = evidence.statistics(claim.feature)
    return ref == f"{claim.ref}.value" or (call is not None and ref == reference(call.id, "value"))


def _told(assertion: Assertion) -> str:
    return {"ordered": "what is above or below", "effect": "the direction", "ranked": "the rank"}.get(
        assertion.kind, "the numbers"
    )

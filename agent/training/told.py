"""Sentences of a larger model as examples: what it wrote where the reader found it true and complete.

    python -m agent.training.told --llm qwen2.5-coder-1.5b --tables 40 --out sentences.jsonl

It adds ways of saying that the templates do not know. What was begun goes on with the next table.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agent.explanation.claims import Claim
from agent.explanation.prose import MARKS, ProseWriter
from agent.explanation.result import Step
from agent.llm import load
from agent.llm.forking import ForkingChat
from agent.prompts import explaining
from agent.training.example import Example, read_examples
from agent.training.prose import drawn, example_of

__all__ = ["main", "told"]

SEED = 2_000_000  # other tables than the templates' and the judge's


def told(chat: ForkingChat, number: int, seed: int = SEED) -> Iterator[Example]:
    """Yield the sentences of a model about a row of an invented table, each true and complete.

    Parameters
    ----------
    chat : ForkingChat
        The model.
    number : int
        Which table.
    seed : int
        Of all tables.
    """
    for _, evidence, top, _ in drawn(1, 1, np.random.default_rng((seed, number))):
        writer = _Larger(evidence, top, chat, explaining(evidence), seed=number)
        writer.write()
        yield from (example_of(f"told {number}", *written) for written in writer.written)


@dataclass
class _Larger(ProseWriter):
    """Writes as a model does, and remembers what a smaller one may learn: from one statement, not from three."""

    written: list[tuple[str, str]] = field(default_factory=list)

    def _attempt(self, core: list[Claim], known: Sequence[str], attempt: int, hint: str) -> tuple[Step | None, str]:
        step, wrong = super()._attempt(core, known, attempt, hint)
        if step is not None:
            (fact,), text = self._facts(known[:1]), MARKS.sub("", step.text)
            alone, _ = self._judged(text.removesuffix("."), core, self._shown(known[:1]))
            if alone is not None and text not in fact:
                self.written.append((fact, text))
        return step, wrong


def main() -> None:
    """Ask the model, or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llm", required=True)
    parser.add_argument("--tables", type=int, default=40)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    chat = load(options.llm)
    begun = [example.table for example in read_examples([options.out])] if options.out.exists() else []
    first = 1 + max((int(table.split()[-1]) for table in begun), default=-1)
    for number in range(first, options.tables):
        lines = [one.model_dump_json(exclude_defaults=True) + "\n" for one in told(chat, number)]
        with options.out.open("a", encoding="utf-8") as out:
            out.write("".join(lines))


if __name__ == "__main__":
    main()

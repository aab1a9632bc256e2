"""The default model's adapters, from nothing: `make adapter`.

    python -m agent.training.adapter --out adapters/ [--only questions] [--from DIR] [--install]

One for each task, trained one after the other: questions to calls, and sentences in free words. What was begun goes on.
With ``--from`` adapters made before learn what the examples have since gained, in a third of the steps. With
``--install`` they become those of the package. An hour and a half on two cores with bfloat16, four without.
"""

import argparse
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from agent.llm.adapter import CARD, GGUF, SHIPPED
from agent.llm.catalog import DEFAULT
from agent.llm.dequantize import dequantized
from agent.training.bank import people
from agent.training.example import Example
from agent.training.finetune import finetune
from agent.training.judging import Judge, by_sentences
from agent.training.prose import sentences
from agent.training.trainer import Settings

__all__ = ["RECIPES", "main"]

PARTS = ("adapter_config.json", "adapter_model.safetensors", GGUF, CARD, "README.md", "steps.svg")


@dataclass(frozen=True)
class Made:
    """How one adapter is made."""

    examples: Callable[[], Iterator[Example]]
    judge: Judge | None
    settings: Settings


RECIPES = {
    "questions": Made(lambda: people(2), None, Settings(epochs=1, learning_rate=5e-4, rank=8, at_once=16)),
    "prose": Made(
        lambda: sentences(200),
        by_sentences(),
        Settings(epochs=1, learning_rate=5e-4, batch=8, rank=4, save_every=100, judge_every=100),
    ),
}


def main() -> None:
    """Train them, or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("adapters"))
    parser.add_argument("--only", choices=RECIPES, help="this one alone")
    parser.add_argument("--from", dest="start", type=Path, help="a folder of adapters to go on from")
    parser.add_argument("--install", action="store_true", help="put them into the package")
    options = parser.parse_args()
    base = dequantized(DEFAULT)
    for kind in [options.only] if options.only else RECIPES:
        made, out = RECIPES[kind], options.out / kind
        settings = made.settings if options.start is None else _further(made.settings, options.start / kind)
        card = finetune(made.examples, base, out, settings, name=DEFAULT, resume=True, judge=made.judge)
        print(card.model_dump_json(indent=1))
        if options.install:
            target = SHIPPED / DEFAULT / kind
            target.mkdir(parents=True, exist_ok=True)
            for name in PARTS:
                shutil.copyfile(out / name, target / name)


def _further(settings: Settings, start: Path) -> Settings:
    """Return the settings for an adapter that knows most of it."""
    rate, epochs = settings.learning_rate / 2, settings.epochs / 3
    return replace(settings, start=str(start), epochs=epochs, learning_rate=rate, save_every=19, judge_every=19)


if __name__ == "__main__":
    main()

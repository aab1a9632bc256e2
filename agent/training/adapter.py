"""The default model's adapter, from nothing: `make adapter`.

    python -m agent.training.adapter --out adapter/ [--resume]

About an hour on two cores. What was begun goes on with ``--resume``.
"""

import argparse
from pathlib import Path

from agent.llm.catalog import DEFAULT
from agent.llm.dequantize import dequantized
from agent.training.bank import people
from agent.training.finetune import finetune
from agent.training.trainer import Settings

__all__ = ["SETTINGS", "main"]

VARIED = 3  # times that each question is asked with other numbers
SETTINGS = Settings(epochs=2, learning_rate=5e-4, batch=16, rank=8, save_every=50, seed=0)


def main() -> None:
    """Train it, or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("adapter"))
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    base = dequantized(DEFAULT)
    card = finetune(lambda: people(VARIED), base, options.out, SETTINGS, name=DEFAULT, resume=options.resume)
    print(card.model_dump_json(indent=1))


if __name__ == "__main__":
    main()

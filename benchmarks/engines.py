"""Do both engines choose the same? The forks of one engine's explanations, asked of the other with the same weights.

    python -m benchmarks.engines --rows 5

Choices are the likeliest ones. A difference is counted; the log-probabilities tell how close the call was.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from agent.classifier import Classifier
from agent.llm import LocalChat
from agent.llm.dequantize import dequantized
from benchmarks.held_out_rows import load


class Recording(LocalChat):
    """Keeps every fork with its choice."""

    def _fork(self, messages: Any, prefix: str, options: Any, temperature: float, seed: int | None) -> Any:
        fork = super()._fork(messages, prefix, options, temperature, seed)
        FORKS.append((list(messages), prefix, list(options), fork.index))
        return fork


FORKS: list[tuple[list[Any], str, list[str], int]] = []


def main() -> None:
    """Explain rows with llama.cpp, ask PyTorch the same, print the share of same choices and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=["cancer", "attrition"])
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--out", type=Path, default=Path("results"))
    options = parser.parse_args()
    one, other = Recording(model=options.model), LocalChat(model=str(dequantized(options.model)))
    summary = []
    for name in options.tables:
        FORKS.clear()
        record(load(name, options.out / name / "bundle"), one, options.rows)
        summary.append({"table": name, **compare(other)})
        print(" ".join(f"{key}={value}" for key, value in summary[-1].items()), flush=True)
    print(json.dumps(summary))


def record(bundle: Any, chat: LocalChat, rows: int) -> None:
    """Explain held-out rows."""
    clf = Classifier(bundle, chat, decide="predictor", temperature=0.0)
    numbers = bundle.held_out()[2]
    for i in np.random.default_rng(0).permutation(len(numbers))[:rows]:
        clf.classify(bundle.features_of(int(numbers[i])))


def compare(other: LocalChat) -> dict[str, Any]:
    """Ask the other engine every fork; return how often it chose the same, and how close the differences were."""
    same, margins = 0, []
    for messages, prefix, options, index in FORKS:
        scores = other.score(messages, prefix, options)
        best = int(np.argmax(scores))
        same += best == index
        if best != index:
            margins.append(math.exp(scores[best]) - math.exp(scores[index]))
    return {
        "forks": len(FORKS),
        "same": same,
        "share": round(same / len(FORKS), 4),
        "margins_of_differences": [round(margin, 3) for margin in margins],
    }


if __name__ == "__main__":
    main()

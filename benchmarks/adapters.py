"""One adapter on both engines: how often llama.cpp and PyTorch choose alike where questions are read.

    python -m benchmarks.adapters --questions 60 [--adapter DIR]

PyTorch runs the weights that llama.cpp multiplies with, written out in float32; the adapter's matrices are the same.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from agent.conversation.reading.question import Question
from agent.conversation.reading.understanding import understand
from agent.llm import LocalChat
from agent.llm.adapter import shipped
from agent.llm.catalog import DEFAULT
from agent.llm.dequantize import dequantized
from benchmarks.questions import HERE, read


class _Both:
    """Asks one model, and puts each choice to another one, too."""

    def __init__(self, first: LocalChat, second: LocalChat) -> None:
        self.first, self.second = first, second
        self.trained = first.trained
        self.alike: list[bool] = []

    def score(self, messages: Any, prefix: str, options: Any) -> list[float]:
        """Find what the first one finds."""
        mine, other = (chat.score(messages, prefix, options) for chat in (self.first, self.second))
        self.alike.append(mine.index(max(mine)) == other.index(max(other)))
        return mine


def main() -> None:
    """Print the share of choices that are alike, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--adapter", type=Path, default=shipped(DEFAULT, "questions"))
    options = parser.parse_args()
    adapter = str(options.adapter)
    both = _Both(LocalChat(adapter=adapter), LocalChat(model=str(dequantized(DEFAULT)), adapter=adapter))
    asked = [json.loads(line) for line in (HERE / "seen.jsonl").read_text().splitlines()]
    for one in asked[:: max(1, len(asked) // options.questions)]:
        schema, ids, terms = read(one["table"])
        turns = one.get("before") or []
        before = [call for turn in turns[-1:] for call in turn["calls"]]
        question = Question(one["question"], terms, ids.__contains__, before)
        understand(question, both, schema, turns)  # type: ignore[arg-type]  # scores are all that is asked for
    share = sum(both.alike) / len(both.alike)
    print(f"{sum(both.alike)} of {len(both.alike)} choices alike ({100 * share:.1f}%)")
    print(json.dumps({"choices": len(both.alike), "alike": share}))


if __name__ == "__main__":
    main()

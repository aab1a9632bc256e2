"""Count the false sentences that the claim parser catches, and the true ones that it lets stand.

    python -m benchmarks.sentences --part sealed

The sentences are in `tests/agent/explanation/parsing/sentences`: written by people and language models that had seen
the facts of one row and not the parser, half of them false, and labelled by two readers who knew neither the authors'
intent nor the parser. Those of the part `sealed` were not read by whoever wrote the parser.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.explanation.evidence import Evidence
from agent.explanation.parsing import read
from tools.observation import Observation

FOLDER = Path(__file__).parent.parent / "tests/agent/explanation/parsing/sentences"
VERDICTS = {True: "true", False: "false", None: "not understood"}


def main() -> None:
    """Print what was said of the sentences of each label, and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="sealed", choices=["seen", "sealed", "all"])
    parser.add_argument("--show", action="store_true", help="false sentences that stand, true ones called false")
    options = parser.parse_args()
    found: Counter[tuple[str, str]] = Counter()
    for row, label, verdict in verdicts(options.part):
        found[label, VERDICTS[verdict]] += 1
        if options.show and (label, verdict) in {("false", True), ("true", False), ("unclear", True)}:
            print(f"{label} → {VERDICTS[verdict]}: [{row['sheet']}] {row['text']}")
    for label in ("true", "false", "unclear", "disputed"):
        print(label, {verdict: found[label, verdict] for verdict in VERDICTS.values()})
    print(json.dumps(figures(found)))


def verdicts(part: str) -> Iterator[tuple[dict[str, Any], str, bool | None]]:
    """Yield each sentence with its label, ``disputed`` where the readers differ, and the parser's verdict."""
    known = evidence_of()
    for line in (FOLDER / "sentences.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if part in {"all", row["part"]}:
            label = row["labels"][0] if len(set(row["labels"])) == 1 else "disputed"
            yield row, label, read(row["text"], known[row["sheet"]]).verdict


def evidence_of() -> dict[str, Evidence]:
    """Return what was known of each row that the sentences are about."""
    sheets = map(json.loads, (FOLDER / "facts.jsonl").read_text(encoding="utf-8").splitlines())
    return {sheet["sheet"]: Evidence([Observation(**seen) for seen in sheet["observations"]]) for sheet in sheets}


def figures(found: Counter[tuple[str, str]]) -> dict[str, float]:
    """Return recall and precision of a false sentence being caught: by not standing, and by being called false."""
    false = {verdict: found["false", verdict] for verdict in VERDICTS.values()}
    true = {verdict: found["true", verdict] for verdict in VERDICTS.values()}
    stopped, called = sum(false.values()) - false["true"], false["false"]
    return {
        "sentences": sum(found.values()),
        "recall": round(stopped / sum(false.values()), 4),
        "precision": round(stopped / (stopped + sum(true.values()) - true["true"]), 4),
        "precision_of_the_verdict_false": round(called / max(1, called + true["false"]), 4),
        "recall_of_the_verdict_false": round(called / sum(false.values()), 4),
        "true_sentences_that_stand": round(true["true"] / sum(true.values()), 4),
    }


if __name__ == "__main__":
    main()

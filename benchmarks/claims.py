"""Precision and recall of what is read from single sentences: values, directions, ranks, comparisons, answers.

    python -m benchmarks.claims --part sealed --models
    python -m benchmarks.claims --part sealed

The claims were written down by readers who knew the facts of the row and neither the parser nor who wrote the
sentences. A claim is right if it is the reader's to the letter: feature, direction, rank, number, side and group.
With `--models` they are sentences of the methods that `tallystick evaluate` compares, written by two language models
about held-out rows of six tables (`model_claims.jsonl`); those of `claims.jsonl` are by people, who wrote as freely as
they liked, and by models asked to do so. Sentences of the part `sealed` were not read by whoever wrote the parser.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.evaluation.known import known_of
from agent.explanation.evidence import Called, Evidence
from agent.explanation.parsing import Said, claims_in
from agent.explanation.parsing.assertions import Number
from benchmarks.held_out_rows import load
from benchmarks.sentences import FOLDER, evidence_of
from tools.bundle import Bundle

KINDS = ("value", "direction", "rank", "amount", "label", "probability", "order", "nearer")
COARSE = {"q1": "quartile", "q3": "quartile", "min": "extreme", "max": "extreme"}
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
Item = tuple[Any, ...]


def main() -> None:
    """Print a line per kind of claim and per author, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="sealed", choices=["seen", "sealed"])
    parser.add_argument("--models", action="store_true", help="sentences of language models instead of people's")
    parser.add_argument("--out", type=Path, default=Path("results/compare"), help="where the tables' bundles are kept")
    parser.add_argument("--show", action="store_true", help="what is missed and what is read too much")
    options = parser.parse_args()
    found: Counter[tuple[str, str]] = Counter()
    every = of_models(options.part, options.out) if options.models else sentences(options.part)
    for row, wanted, read in every:
        for outcome, items in (("right", wanted & read), ("missed", wanted - read), ("extra", read - wanted)):
            for item in items:
                found[item[0], outcome] += 1
                found[f"by {row['author']}", outcome] += 1
                found["all", outcome] += 1
                if options.show and outcome != "right":
                    print(outcome, item, row["text"])
    names = [*KINDS, *sorted({name for name, _ in found if name.startswith("by ")}), "all"]
    table = {name: figures(found, name) for name in names}
    for name, line in table.items():
        print(f"{name:22} {line}")
    print(json.dumps(table["all"]))


def figures(found: Mapping[tuple[str, str], int], name: str) -> dict[str, float]:
    """Return precision, recall and how many claims there are."""
    right, missed, extra = (found.get((name, outcome), 0) for outcome in ("right", "missed", "extra"))
    return {
        "precision": round(right / max(1, right + extra), 3),
        "recall": round(right / max(1, right + missed), 3),
        "claims": right + missed,
    }


def sentences(part: str) -> Iterator[tuple[dict[str, Any], set[Item], set[Item]]]:
    """Yield each sentence that a person wrote with the claims of its readers and those of the parser."""
    words = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))
    known = {
        sheet: Evidence(evidence.observations, called=Called(words[sheet.partition("-")[0]]))
        for sheet, evidence in evidence_of().items()
    }
    for line in (FOLDER / "claims.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["part"] == part:
            evidence = known[row["sheet"]]
            yield row, *compared(row, evidence)


def of_models(part: str, out: Path) -> Iterator[tuple[dict[str, Any], set[Item], set[Item]]]:
    """Do the same for the sentences of language models."""
    bundles: dict[str, Bundle] = {}
    for line in (FOLDER / "model_claims.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        name = row["table"]
        if row["part"] != part:
            continue
        bundle = bundles.setdefault(name, bundles.get(name) or load(name, out / name / "bundle"))
        evidence = known_of(bundle, bundle.features_of(row["row"]), row["answer"], row["text"])
        yield row, *compared(row, evidence)


def compared(row: Mapping[str, Any], evidence: Evidence) -> tuple[set[Item], set[Item]]:
    """Return the claims of the readers, as far as they agree, and those of the parser without what is disputed."""
    readers = [{alike(written(claim, evidence), row) for claim in claims} for claims in row["claims"]]
    said = {alike(parsed(one), row) for one in claims_in(row["text"], evidence).said if one.kind in KINDS}
    agreed = set.intersection(*readers)
    return agreed, said - (set.union(*readers) - agreed)


def alike(item: Item, row: Mapping[str, Any]) -> Item:
    """Return a claim in a form in which readers agree: lower than *in all 170 rows* is below rows, and an extreme."""
    return (*item[:3], "rows", item[4]) if item[0] == "order" and "than in all " in row["text"] else item


def written(claim: Mapping[str, Any], evidence: Evidence) -> Item:
    """Return a reader's claim in a form that can be compared."""
    kind, feature = claim["kind"], claim.get("feature", "")
    match kind:
        case "value" | "amount":
            return kind, feature, number(claim["value"])
        case "direction":
            denied, label = claim["towards"].startswith("not "), claim["towards"].removeprefix("not ")
            if label != evidence.label and len(evidence.find("probability")[-1].result or {}) > 2:
                return kind, feature, claim["towards"]
            return kind, feature, (1 if label == evidence.label else -1) * (-1 if denied else 1)
        case "rank":
            return kind, feature, int(claim["rank"]) - 1, claim.get("side") or ""
        case "label":
            return kind, str(claim["label"])
        case "probability":
            return kind, str(claim["label"]), number(claim["value"])
        case "order":
            return kind, feature, claim["relation"], claim["than"], claim.get("group") or ""
    return kind, feature, claim["group"]


def parsed(one: Said) -> Item:
    """Return a claim of the parser in the same form."""
    what = number(one.what) if isinstance(one.what, Number | str) else one.what
    match one.kind:
        case "value" | "amount" | "direction":
            return one.kind, one.feature, what
        case "rank":
            return one.kind, one.feature, what, one.of
        case "label":
            return one.kind, f"not {one.what}" if one.of == "not" else one.what
        case "probability":
            return one.kind, one.of, what
        case "order":
            return one.kind, one.feature, one.what, COARSE.get(one.of, one.of), one.group
    return one.kind, one.feature, one.group


def number(said: Any) -> float | str:
    """Return a number without its sign, or a text in small letters."""
    if isinstance(said, Number):
        return round(abs(said.value), 9)
    text = str(said).replace("−", "-").lower().strip("“”\"' ")
    match = re.search(r"\d[\d,]*\.?\d*(?:e-?\d+)?|\.\d+", text)
    if match:
        return round(float(match[0].replace(",", "")), 9)
    words = [NUMBER_WORDS.index(word) for word in text.split() if word in NUMBER_WORDS]
    return float(words[0]) if words else text


if __name__ == "__main__":
    main()

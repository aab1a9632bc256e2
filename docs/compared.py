"""Write the README's table of methods from the summaries in `docs/evaluation`: `make readme`."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLES = {"cancer": "breast cancer", "attrition": "attrition"}
METHODS = {
    "label-only": "label, then why",
    "cot": "chain of thought",
    "cot-template": "step template",
    "few-shot": "few-shot",
    "few-shot-nearest": "few-shot, nearest",
    "hybrid": "predictor in the prompt",
    "agent-strict": "agent",
}
METRICS = {
    "accuracy": "right labels",
    "rank_accuracy_strict_k4": "ranks of the 4 largest contributions told right",
    "sign_accuracy_strict_k4": "their directions",
    "value_accuracy_strict_k4": "their values",
    "invented_numbers": "texts with an invented number",
    "false_comparisons": "texts with a false comparison",
    "completeness": "contributions told, by size",
    "citation_recall": "sentences that their citations support",
}


def table() -> str:
    """Return a line per metric, a column per method."""
    lines = []
    for name, title in TABLES.items():
        summary = json.loads((ROOT / "docs" / "evaluation" / f"{name}.json").read_text(encoding="utf-8"))
        lines += [
            f"| {title}, {summary['about']['rows']} rows | {' | '.join(METHODS.values())} |",
            f"|---|{'---|' * len(METHODS)}",
        ]
        for metric, about in METRICS.items():
            shares = (summary["methods"][method][metric]["value"] for method in METHODS)
            lines.append(f"| {about} | {' | '.join('–' if x is None else f'{100 * x:.0f}%' for x in shares)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Put the table into the README."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    start = re.escape(f"| {next(iter(TABLES.values()))}, ")
    fresh = re.sub(rf"(?ms)^{start}.*?(?=^[^|\n])", lambda _: f"{table()}\n", text, count=1)
    readme.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()

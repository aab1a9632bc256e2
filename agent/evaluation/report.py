"""The report: one HTML file with tables, plots and examples, that needs nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader

from agent.evaluation.metrics import ABOUT, BETTER, GROUPS
from agent.evaluation.scoring import Scored
from tools.observation import show_name
from tools.schema import Schema

__all__ = ["report"]

PLOTTED = (
    "accuracy",
    "rank_accuracy_strict_k4",
    "sign_accuracy_strict_k4",
    "value_accuracy_strict_k4",
    "fully_faithful",
    "citation_recall",
    "invented_numbers",
    "false_comparisons",
    "completeness",
    "simulatability",
    "readability",
    "seconds",
)
SHOWN_ROWS = 3
Pairs = Sequence[tuple[Mapping[str, Any], Scored]]

# What comes from tables and models is escaped; the template itself is ours.
_TEMPLATES = Environment(
    loader=PackageLoader("agent.evaluation", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


def report(summary: Mapping[str, Any], scored: Mapping[str, Pairs], schema: Schema) -> str:
    """Return the report of a comparison.

    Parameters
    ----------
    summary : mapping
        As `evaluate` returns it.
    scored : mapping of str to pairs
        The lines of each method with their scores.
    schema : Schema
        Of the table.
    """
    return _TEMPLATES.get_template("report.html.j2").render(
        about=summary["about"],
        target=schema.target,
        groups=GROUPS,
        explained=ABOUT,
        better=BETTER,
        methods=summary["methods"],
        best={metric: _best(metric, summary["methods"]) for metric in ABOUT},
        lost=summary["better_than_the_agent"],
        plots=[_plot(metric, summary["methods"]) for metric in PLOTTED],
        examples=_examples(scored),
        shown=_shown,
    )


def _shown(value: float | None) -> str:
    """Return a figure at a precision that a table can hold.

    Examples
    --------
    >>> _shown(0.98765), _shown(1234.5), _shown(None)
    ('0.988', '1234', '–')
    """
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"


def _best(metric: str, methods: Mapping[str, Any]) -> float | None:
    """Return the best value of a metric; None where better is a matter of taste, or all are alike."""
    values = [figures[metric]["value"] for figures in methods.values() if figures[metric]["value"] is not None]
    if not values or not BETTER[metric] or min(values) == max(values):
        return None
    best: float = max(values) if BETTER[metric] > 0 else min(values)
    return best


def _plot(metric: str, methods: Mapping[str, Any]) -> dict[str, Any]:
    """Return dots and intervals in percent of the plot's width."""
    figures = {name: of[metric] for name, of in methods.items() if of[metric]["value"] is not None}
    highest = max([1e-9, *(f[end] for f in figures.values() for end in ("value", "high") if f[end] is not None)])
    lowest = min([0.0, *(f[end] for f in figures.values() for end in ("value", "low") if f[end] is not None)])
    span = max(highest, 1.0 if highest <= 1 else highest) - lowest

    def at(value: float | None, other: float) -> float:
        return float(round(100 * ((other if value is None else value) - lowest) / span, 2))

    dots = [
        {
            "name": n,
            "at": at(f["value"], 0),
            "low": at(f["low"], f["value"]),
            "high": at(f["high"], f["value"]),
            "value": f["value"],
        }
        for n, f in figures.items()
    ]
    return {"metric": metric, "dots": dots, "height": 18 * len(dots) + 8}


def _examples(scored: Mapping[str, Pairs]) -> list[dict[str, Any]]:
    """Return rows with the texts of all methods: those with the fewest and the most faults, and the hardest one."""
    texts: dict[int, list[tuple[str, Mapping[str, Any], Scored]]] = {}
    for method, pairs in scored.items():
        for line, scores in pairs if ":" not in method else ():
            texts.setdefault(line["row"], []).append((method, line, scores))
    faults = {
        row: sum(len(s.notes["invented"]) + len(s.notes["false"]) for _, _, s in told) for row, told in texts.items()
    }
    wrong = {row: sum(line["answer"] != line["truth"] for _, line, _ in told) for row, told in texts.items()}
    order = sorted(texts, key=lambda row: (faults[row], row))
    hardest = max(texts, key=lambda row: (wrong[row], -row))
    chosen = list(dict.fromkeys([order[0], order[-1], hardest]))[:SHOWN_ROWS]
    titles = {order[0]: "Fewest faults", order[-1]: "Most faults", hardest: "Hardest to decide"}
    return [
        {
            "title": f"{titles[row]}: row {row}, truly {show_name(texts[row][0][1]['truth'])}",
            "texts": [
                {
                    "method": m,
                    "answer": show_name(line["answer"]),
                    "right": line["answer"] == line["truth"],
                    "text": line["text"],
                    "notes": s.notes,
                }
                for m, line, s in texts[row]
            ],
        }
        for row in chosen
    ]

"""The dataset card: what is in the examples that an adapter was trained on."""

from collections.abc import Sequence

from agent.llm.adapter import Card
from agent.training.example import KINDS, Example

__all__ = ["describe"]

SHOWN = 300  # characters of an example


def describe(card: Card, examples: Sequence[Example]) -> str:
    """Return the card as Markdown: what an adapter was trained for, on what, with one example of each kind.

    Parameters
    ----------
    card : Card
    examples : sequence of Example
    """
    lines = [
        f"# An adapter for {card.base}",
        "",
        f"Made by `tallystick finetune` {card.version}; settings: {card.settings}.",
        "",
        f"{sum(card.examples.values())} examples from {len(card.tables)} tables ({', '.join(card.tables)});"
        f" {card.left_out} were too long. SHA-256 of `examples.jsonl`: `{card.sha256}`.",
        "",
        "| kind | examples | what is learned |",
        "|---|---|---|",
        *(f"| {kind} | {count} | {KINDS[kind]} |" for kind, count in card.examples.items()),
    ]
    for kind in card.examples:
        first = next(example for example in examples if example.kind == kind)
        lines += ["", f"## {kind}", "", *_quoted(first.turns[-1].content), "", *_quoted(f"→ {first.text}")]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> list[str]:
    short = text if len(text) <= SHOWN else f"{text[:SHOWN]} …"
    return [f"    {line}" for line in short.splitlines()]

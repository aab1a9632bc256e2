"""`tallystick finetune`: train a LoRA adapter on the rows of bundles."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent import console
from tools.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from agent.training.example import Example
    from agent.training.rows import Recipe

__all__ = ["EXAMPLE", "finetune"]

PACKAGES = ("peft", "accelerate", "gguf")

EXAMPLE = "Example: tallystick finetune bundle/ --base smollm2-135m --out adapter/ --recipe explain"


def finetune(
    bundles: Annotated[list[Path], typer.Argument(metavar="BUNDLE...")],
    base: Annotated[
        str, typer.Option("--base", metavar="SPEC", help="Catalog or hub name, or a Hugging Face directory.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="ADAPTER", help="The adapter's directory.")],
    recipe: Annotated[
        str, typer.Option("--recipe", help="'explain': label and why; 'label-only': the label and nothing else.")
    ] = "explain",
    epochs: Annotated[float, typer.Option("--epochs", min=0.01)] = 3.0,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Of each bundle, at most.")] = 500,
    label_weight: Annotated[float, typer.Option("--label-weight", min=0, help="Of the label's loss.")] = 1.0,
    why_weight: Annotated[float, typer.Option("--why-weight", min=0, help="Of the explanation's loss.")] = 1.0,
    four_bit: Annotated[bool, typer.Option("--4bit", help="Hold the base in 4 bits; CUDA only.")] = False,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run ended.")] = False,
) -> None:
    """Train a LoRA adapter on the training rows of bundles: what the model says of a row, and why."""
    missing = next((name for name in PACKAGES if find_spec(name) is None), None)
    if missing is not None:
        raise UserError(f"Fine-tuning needs the package {missing}.", hint="pip install 'tallystick[finetune]'")
    from agent.llm import catalog
    from agent.llm.dequantize import dequantized
    from agent.training.finetune import finetune as train
    from agent.training.rows import RECIPES
    from agent.training.trainer import Settings

    if recipe not in RECIPES:
        raise UserError(f"--recipe: there is no {recipe!r}.", hint=did_you_mean(recipe, RECIPES))
    directory = dequantized(base) if catalog.is_name(base) else Path(base)
    weights = {"label": label_weight, "why": why_weight}
    settings = Settings(epochs=epochs, weights=weights, seed=seed, four_bit=four_bit)
    card = train(
        lambda: _examples(bundles, recipe, rows, seed),
        directory,
        out,
        settings,
        name=base,
        resume=resume,
    )
    console.results().print(f"{out}: an adapter for {base}, trained on {sum(card.examples.values())} examples")
    console.results().print(f"Use it: tallystick classify BUNDLE ROWS --llm {base}+{out}")


def _examples(paths: list[Path], recipe: "Recipe", rows: int, seed: int) -> "Iterator[Example]":
    from agent.commands.options import bundle
    from agent.training.rows import examples_of

    for path in paths:
        opened = bundle(path, None)
        found = examples_of(opened, recipe, path.name, rows, seed)
        yield from console.looping(found, rows, f"examples of {path.name}")

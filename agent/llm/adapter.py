"""Adapters: where they are, and what a directory holds beside the matrices, which says what the model was trained for.

Written by `agent.training`, read when a model is loaded with it.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.llm.catalog import CATALOG, DEFAULT, is_name
from tools.errors import ModelSpecError

__all__ = [
    "ADAPTED",
    "CARD",
    "GGUF",
    "NONE",
    "TEMPLATE",
    "Card",
    "adapted",
    "checked",
    "parted",
    "quantized_for",
    "read_card",
    "shipped",
]

CARD = "tallystick.json"
GGUF = "adapter.gguf"
TEMPLATE = "template.yaml"
ADAPTED = "+"
NONE = "none"
SHIPPED = Path(__file__).parent / "adapters"  # a folder for each model of the catalog that has some


class Card(BaseModel):
    """What an adapter was trained for, and from what.

    Attributes
    ----------
    trained : list of str
        Kinds of examples: where they say so, prompts are shorter.
    base : str
        The model that it adapts.
    version : str
        Of tallystick.
    settings : dict
        Of the training, its seed included.
    examples : dict of str to int
        How many of each kind.
    left_out : int
        Examples that were too long.
    tables : list of str
        Where they come from.
    sha256 : str
        Of the file of examples.
    """

    model_config = ConfigDict(extra="forbid")

    trained: list[str]
    base: str
    version: str
    settings: dict[str, Any]
    examples: dict[str, int]
    left_out: int = 0
    tables: list[str] = Field(default_factory=list)
    sha256: str = ""


def parted(spec: str) -> tuple[str, str | None]:
    """Return a model and the adapter's directory behind it, if there is one.

    Examples
    --------
    >>> parted("smollm2-135m"), parted("a+b/model.gguf")
    (('smollm2-135m', None), ('a+b/model.gguf', None))
    >>> parted("smollm2-135m+runs/rate+decay")
    ('smollm2-135m', 'runs/rate+decay')
    """
    pieces = spec.split(ADAPTED)
    for at in range(len(pieces) - 1, 0, -1) if not Path(spec).exists() else ():
        name = ADAPTED.join(pieces[:at])
        if is_name(name) or Path(name).expanduser().exists():
            return name, ADAPTED.join(pieces[at:])
    return spec, None


def adapted(spec: str | None, folder: Path) -> str:
    """Return the name of a model with an adapter; of the default model where none is named.

    Examples
    --------
    >>> adapted("smollm2-135m+none", Path("label-only"))
    'smollm2-135m+label-only'
    """
    return f"{parted(spec or os.environ.get('TALLYSTICK_LLM') or DEFAULT)[0]}{ADAPTED}{folder}"


def shipped(model: str, kind: str) -> Path | None:
    """Return the directory of the adapter that comes with a model of the catalog for a kind of task, if there is one.

    Examples
    --------
    >>> shipped("rule", "questions") is None
    True
    """
    folder = SHIPPED / model / kind
    return folder if model in CATALOG and folder.is_dir() else None


def checked(adapter: Path, model: str | Path = "") -> Path:
    """Return an adapter's directory.

    Parameters
    ----------
    adapter : Path
    model : str or Path, optional
        The name of the model that it is to adapt; only two of the catalog can be held against each other.

    Raises
    ------
    ModelSpecError
        If there is none, or it was trained for a model of another size.
    """
    if not (adapter / "adapter_config.json").is_file():
        raise ModelSpecError(f"{adapter}: there is no adapter.", hint="`tallystick finetune` makes one.")
    card, name = read_card(adapter), str(model)
    if card is not None and len({CATALOG[known].parameters for known in (name, card.base) if known in CATALOG}) > 1:
        hint = f"Give it behind its own model: {card.base}{ADAPTED}{adapter}"
        raise ModelSpecError(f"{adapter}: was trained for {card.base}, not for {name}.", hint=hint)
    return adapter


def quantized_for(adapter: Path | None, device: str) -> str | None:
    """Return how a base is held for an adapter: in 4 bits on a GPU where it was trained so, as both fitted there.

    Examples
    --------
    >>> quantized_for(shipped("smollm2-135m", "prose"), "cuda") is None
    True
    """
    card = None if adapter is None else read_card(adapter)
    return "4bit" if card is not None and card.settings.get("four_bit") and device == "cuda" else None


def read_card(adapter: Path) -> Card | None:
    """Return the card of an adapter; None for one that was not made here.

    Raises
    ------
    ModelSpecError
        If it is damaged.
    """
    file = adapter / CARD
    if not file.is_file():
        return None
    try:
        return Card.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ModelSpecError(f"{file}: is damaged: {error.errors()[0]['msg'][:200]}.") from error

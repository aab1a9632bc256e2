"""What an adapter's directory holds beside its matrices: what the model was trained for.

Written by `agent.training`, read when a model is loaded with it.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.errors import ModelSpecError

__all__ = ["CARD", "GGUF", "Card", "checked", "read_card"]

CARD = "tallystick.json"
GGUF = "adapter.gguf"


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


def checked(adapter: Path) -> Path:
    """Return an adapter's directory.

    Raises
    ------
    ModelSpecError
        If there is none.
    """
    if not (adapter / "adapter_config.json").is_file():
        raise ModelSpecError(f"{adapter}: there is no adapter.", hint="`tallystick finetune` makes one.")
    return adapter


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

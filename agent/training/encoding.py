"""Examples as token sequences, cut exactly as they are when a model runs, with what is learned at which place.

Two things are learned. At a *fork*, the right one of the tokens that are allowed there: the probability that counts
when a grammar decides what is possible. At a *word*, the right token of the whole vocabulary. The rest is context.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import transformers

from agent.llm.cutter import continue_texts
from agent.llm.format import format_of
from agent.llm.template import Template
from agent.llm.weights import LOCAL
from agent.training.example import Example

__all__ = ["Cutter", "Encoded", "Place", "encode"]


@dataclass(frozen=True)
class Place:
    """A place where something is learned.

    Attributes
    ----------
    at : int
        The token after which it stands.
    token : int
        The right one.
    allowed : tuple of int
        What it competes with at a fork, itself among them; nothing for a word: then it is the whole vocabulary.
    """

    at: int
    token: int
    allowed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Encoded:
    """The tokens of an example and what is learned in them."""

    kind: str
    tokens: tuple[int, ...]
    places: tuple[Place, ...]


class Cutter:
    """Cuts texts into a model's tokens: an engine without a network.

    Parameters
    ----------
    path : Path
        A Hugging Face directory; only its tokenizer is read.
    """

    def __init__(self, path: Path) -> None:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, **LOCAL)
        continue_texts(tokenizer.backend_tokenizer)
        self.model = path.name
        self._tokenizer = tokenizer
        self.start: list[int] = []
        self.end = int(tokenizer.eos_token_id)
        self.template = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else ""
        self._template = Template(self.template, tokenizer.special_tokens_map, self.model)
        self.format = format_of(self, self.tokenize)  # type: ignore[arg-type]  # only what cuts and renders is used

    def render(self, messages: Sequence[dict[str, str]]) -> str:
        """Write messages in the model's own chat template."""
        return self._template.render(messages)

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Cut a text into tokens as it continues another one."""
        return list(self._tokenizer(text, add_special_tokens=False, split_special_tokens=not special).input_ids)


def encode(example: Example, cutter: Cutter, longest: int) -> Encoded | None:
    """Return the tokens of an example; None where there are more than the model is to see.

    Parameters
    ----------
    example : Example
    cutter : Cutter
    longest : int
        Tokens.
    """
    said = [turn.model_dump() for turn in example.turns]
    tokens = list(cutter.format.opening(said))
    places: list[Place] = []
    for number, part in enumerate(example.answer):
        lead = "" if number else cutter.format.lead
        cut = cutter.tokenize(lead + part.text)
        if part.options:
            places += _forks(cut, [cutter.tokenize(lead + option) for option in part.options], cutter.end, len(tokens))
        if part.options or part.written:
            places += [Place(len(tokens) + n - 1, token) for n, token in enumerate(cut)]
        tokens += cut
    if example.answer and example.kind != "tools":  # where a call has no more choices, it still goes on
        places.append(Place(len(tokens) - 1, cutter.end))
    return Encoded(example.kind, tuple(tokens), tuple(places)) if len(tokens) <= longest else None


def _forks(cut: Sequence[int], options: Sequence[Sequence[int]], end: int, start: int) -> Iterator[Place]:
    """Yield the places where the options part on the way to the right one.

    Examples
    --------
    >>> [(place.at, place.token, place.allowed) for place in _forks([1, 2], [[1, 2], [1, 3], [4]], 0, 10)]
    [(9, 1, (1, 4)), (10, 2, (2, 3))]
    """
    right = [*cut, end]
    node = [[*option, end] for option in options]
    for depth, token in enumerate(right):
        allowed = tuple(dict.fromkeys(option[depth] for option in node))
        if len(allowed) > 1:
            yield Place(start + depth - 1, token, allowed)
        node = [option for option in node if option[depth] == token]
        if len(node) == 1:
            return

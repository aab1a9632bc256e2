"""What a local chat model needs from the program that runs its weights.

Knows tokens, log-probabilities and chat templates; knows nothing about tools, forks or LangChain.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

__all__ = ["Engine", "Quoted", "Sentence", "Usage"]

FREE = r"[^0-9{}\[\]“”\n\r.]"


@dataclass(frozen=True)
class Sentence:
    """The form of one sentence in free words, up to its full stop: no digit but in the literals.

    Attributes
    ----------
    literals : tuple of str
        Names and numbers that may stand in it as they are.

    Examples
    --------
    >>> import re
    >>> form = Sentence(("0.27", "“0”"))
    >>> bool(re.fullmatch(form.regex, " A value of 0.27 is high.")), bool(re.fullmatch(form.regex, " It is 0.28."))
    (True, False)
    """

    literals: tuple[str, ...]

    @property
    def regex(self) -> str:
        """The form as a regular expression."""
        return rf" ({FREE}|{'|'.join(map(re.escape, self.literals))})+\."

    @property
    def gbnf(self) -> str:
        """The form in the notation of llama.cpp."""
        literals = " | ".join(json.dumps(literal, ensure_ascii=False) for literal in self.literals)
        return f'root ::= " " (free | literal)+ "."\nfree ::= {FREE}\nliteral ::= {literals}'


@dataclass(frozen=True)
class Quoted:
    r"""The form of the rest of a JSON string, behind its opening quotation mark.

    Attributes
    ----------
    least, most : int
        How many characters it has.

    Examples
    --------
    >>> import re
    >>> bool(re.fullmatch(Quoted(1, 9).regex, r'so \"so\""')), bool(re.fullmatch(Quoted(1, 3).regex, 'much"'))
    (True, False)
    """

    least: int
    most: int

    @property
    def regex(self) -> str:
        """The form as a regular expression."""
        return rf'([^"\\\x00-\x1f\x7f]|\\["\\/bfnrt]){{{self.least},{self.most}}}"'

    @property
    def gbnf(self) -> str:
        """The form in the notation of llama.cpp."""
        letter = r'[^"\\\x00-\x1f\x7f] | "\\" ["\\/bfnrt]'
        return f'root ::= letter{{{self.least},{self.most}}} "\\""\nletter ::= {letter}'


@dataclass(frozen=True)
class Usage:
    """Work done by a model; two of them add and subtract.

    Attributes
    ----------
    prompt_tokens : int
        Tokens shown to the model, over all requests.
    cached_tokens : int
        Those of them whose keys and values were still at hand.
    generated_tokens : int
        Tokens chosen from the model's probabilities.
    forced_tokens : int
        Tokens of the answer that left no choice.
    forks : int
        Choices between given texts.
    fallbacks : int
        Questions about them that the rule answered, because the model named none of the texts.
    seconds : float
        Time spent waiting for the engine, s.

    Examples
    --------
    >>> (Usage(forks=3, seconds=0.5) - Usage(forks=1)).forks
    2
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    forced_tokens: int = 0
    forks: int = 0
    fallbacks: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


class Engine(Protocol):
    """Runs the weights of one model.

    Attributes
    ----------
    name : str
        The kind of engine, such as ``llamacpp``.
    model : str
        The name of the model.
    sha256 : str
        Digest of its weights.
    context : int
        The longest prompt with its answer, tokens.
    start : list of int
        Tokens that open every prompt; often none.
    end : int
        The token that ends a turn.
    template : str
        The source of its chat template; empty where it has none.
    usage : Usage
        All work so far.
    parameters : int or None
        How many parameters the model has, where that is known.
    """

    name: str
    model: str
    sha256: str
    context: int
    start: list[int]
    end: int
    template: str
    usage: Usage
    parameters: int | None

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Write messages (``role``, ``content``) in the chat template, up to where the answer begins."""

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Cut a text into tokens as it continues another one: nothing is put in front of it.

        Parameters
        ----------
        text : str
            The text.
        special : bool, default False
            Whether control tokens written in the text count as such; only for the chat template's own text.
        """

    def next_token(self, prompt: Sequence[int], allowed: Sequence[int]) -> list[float]:
        """Return the log-probability of each allowed token as the next one, given that it is one of them.

        Returns
        -------
        list of float, shape (len(allowed),)
            Their exponentials sum to 1.

        Raises
        ------
        EngineError
            When the engine dies, does not answer in time, or the prompt is longer than `context`.
        """

    def generate(
        self,
        prompt: Sequence[int],
        *,
        max_tokens: int,
        temperature: float,
        seed: int | None,
        stop: Sequence[str],
        json_schema: Mapping[str, Any] | None = None,
        form: Sentence | Quoted | None = None,
    ) -> Iterator[str]:
        """Continue a prompt with free text, piece by piece, with JSON text that fits a schema, or in another form.

        Raises
        ------
        EngineError
            As `next_token`.
        """

    def close(self) -> None:
        """Stop the engine and give its memory back; it starts again when it is next used."""

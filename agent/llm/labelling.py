"""A language model scores the labels of rows: what stands behind ``fit --predictor llm:PATH``.

Hugging Face directories on the PyTorch engine, in float32 (bfloat16 where that does not fit on a GPU), in batches of
one size whose rows share what stands before the first value: a row's scores then do not depend on which rows it is
asked with, and a receipt can be run again.
"""

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from numpy.typing import NDArray

from agent.llm import catalog, trie
from agent.llm.adapter import ADAPTED, TEMPLATE, checked, parted
from agent.llm.dequantize import dequantized
from agent.llm.format import format_of
from agent.llm.slots import shared_length
from agent.llm.transformers import BATCH, WIDTH, Transformers
from agent.llm.weights import LOCAL, check, digest_of, widest
from tools.errors import ModelSpecError
from tools.row_prompt import RowPrompt

__all__ = ["LabelScorer", "open_scorer"]

Tokens = list[int]


def open_scorer(spec: str, sha256: str | None = None) -> "LabelScorer":
    """Open a model that scores labels.

    Parameters
    ----------
    spec : str
        A Hugging Face directory or a name of the catalog, with ``+`` and an adapter's directory where it has one.
    sha256 : str, optional
        Refuse weights with another digest before they are read.

    Raises
    ------
    ModelSpecError
        If there is no such model, it is none that PyTorch runs, or it is another one.
    """
    name, adapter = parted(spec)
    own = Path(name).expanduser().absolute()
    if name in catalog.CATALOG or (catalog.is_name(name) and not own.exists()):
        path = dequantized(name)
    elif own.is_dir():
        path = check(own)
    elif own.exists():
        hint = "A GGUF file rounds in other ways for each batch: give the directory it was made from."
        raise ModelSpecError(f"{name}: no Hugging Face directory.", hint=hint)
    else:
        hint = "The bundle keeps the model's path, not its weights: put it there again."
        raise ModelSpecError(f"{name}: there is no such model.", hint=hint)
    folder = None if adapter is None else checked(Path(adapter).expanduser().absolute(), name)
    if sha256 is not None and digest_of(path, folder) != sha256:
        raise ModelSpecError(f"{spec}: is not the model that the bundle was fitted with.", hint="Fit it again.")
    where = [name if catalog.is_name(name) else str(own), *([] if folder is None else [str(folder)])]
    return LabelScorer(path, folder, ADAPTED.join(where))


class LabelScorer:
    """Log-probabilities of labels.

    Parameters
    ----------
    path : Path
        A Hugging Face directory.
    adapter : Path, optional
        The directory of a LoRA adapter.
    spec : str
        Where both are, from wherever it is read.

    Attributes
    ----------
    sha256 : str
        Of weights, tokenizer and adapter.
    template : Path or None
        The prompt that the adapter was trained with, if it has one.
    """

    def __init__(self, path: Path, adapter: Path | None, spec: str) -> None:
        self._path, self._adapter, self.spec = path, adapter, spec
        self.sha256 = digest_of(path, adapter)
        kept = None if adapter is None else adapter / TEMPLATE
        self.template = kept if kept is not None and kept.is_file() else None
        self._common: dict[str, Tokens] = {}

    @cached_property
    def _engine(self) -> Transformers:
        return Transformers(self._path, adapter=self._adapter, dtype=widest(self._path))

    @cached_property
    def _plain(self) -> Any:
        """The tokenizer as people train with it: it puts in front of a text what it always does."""
        return transformers.AutoTokenizer.from_pretrained(self._path, **LOCAL)

    @cached_property
    def _format(self) -> Any:
        return format_of(self._engine, self._engine.tokenize)

    def scores(self, prompt: RowPrompt, rows: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
        """Return the log-probability of each label's words among them, shape (n, k).

        Parameters
        ----------
        prompt : RowPrompt
            With words for all labels, in the order of the columns of the result.
        rows : sequence of dict
            Typed rows.
        """
        cut = [self._cut(prompt, row) for row in rows]
        by_options: dict[tuple[tuple[int, ...], ...], list[int]] = {}
        for at, (_, options) in enumerate(cut):
            by_options.setdefault(tuple(map(tuple, options)), []).append(at)
        scores = np.empty((len(rows), len(prompt.labels)))
        for words, members in by_options.items():
            options = [list(word) for word in words]
            scores[members] = self._of_trie([cut[at][0] for at in members], options, self._shared(prompt))
        return scores

    def _of_trie(
        self, prompts: Sequence[Tokens], options: Sequence[Sequence[int]], common: Tokens
    ) -> NDArray[np.float64]:
        """Return the scores of token sequences after each prompt, all prompts at once where they part."""
        asked: dict[tuple[int, ...], list[int]] = {}

        def note(path: list[int], allowed: list[int]) -> list[float]:
            asked[tuple(path)] = allowed
            return [0.0] * len(allowed)

        end = self._engine.end
        trie.score(options, end, note)
        found = {
            path: self._next([[*prompt, *path] for prompt in prompts], allowed, common)
            for path, allowed in asked.items()
        }

        def answer(path: list[int], _: list[int], *, of: int) -> list[float]:
            return found[tuple(path)][of]

        return np.array([trie.score(options, end, partial(answer, of=at)) for at in range(len(prompts))])

    def _next(self, prompts: Sequence[Tokens], allowed: list[int], common: Tokens) -> list[list[float]]:
        """Return the log-probability of each allowed token, in batches of one size."""
        found: list[list[float]] = [[] for _ in prompts]
        alike: dict[tuple[int, int], list[int]] = {}  # batches of one shape, whatever rows are asked together
        for at, prompt in enumerate(prompts):
            cut = len(common) if prompt[: len(common)] == common and len(prompt) > len(common) else 0
            alike.setdefault((cut, -(-(len(prompt) - cut) // WIDTH)), []).append(at)
        for (cut, _), members in alike.items():
            for start in range(0, len(members), BATCH):
                batch = members[start : start + BATCH]
                rests = [prompts[at][cut:] for at in batch]
                rests += [rests[-1]] * (BATCH - len(rests))
                for at, values in zip(batch, self._engine.after(common[:cut], rests, allowed), strict=False):
                    found[at] = values
        return found

    def _shared(self, prompt: RowPrompt) -> Tokens:
        """Return the tokens before the first value, the same for every row."""
        key = prompt.model_dump_json()
        if key not in self._common:
            one, other = (self._cut(prompt, dict.fromkeys(prompt.columns, value))[0] for value in (1, "x"))
            self._common[key] = one[: max(0, shared_length(one, other) - 1)]
        return self._common[key]

    def _cut(self, prompt: RowPrompt, row: dict[str, Any]) -> tuple[Tokens, list[Tokens]]:
        """Return the tokens of a row's question with the begun answer, and those of each label's words after it."""
        words = list(prompt.labels.values())
        if prompt.prompt:
            return self._raw(prompt, row, words)
        said = [("system", prompt.filled(row, "system")), ("user", prompt.filled(row, "user"))]
        turns = [{"role": role, "content": content} for role, content in said if content]
        opening, lead = list(self._format.opening(turns)), self._format.lead
        # Llama 2's format ends in a blank of its own.
        answers = [f"{prompt.answer}{word}".removeprefix(lead) for word in words]
        return _parted([[*opening, *self._engine.tokenize(lead + answer)] for answer in answers])

    def _raw(self, prompt: RowPrompt, row: dict[str, Any], words: Sequence[str]) -> tuple[Tokens, list[Tokens]]:
        """Cut the whole text as one, as a model was trained on it; a value that spells a control token gets a blank."""
        control = [token for token in self._plain.all_special_tokens if token]
        text = ""
        for piece, value in prompt.pieces(row):
            safe = piece
            for token in control if value else ():
                safe = safe.replace(token, f"{token[0]} {token[1:]}")
            text += safe
        whole = [list(self._plain(f"{text}{prompt.answer}{word}").input_ids) for word in words]
        whole = [one[:-1] if one[-1] == self._engine.end else one for one in whole]
        return _parted(whole)


def _parted(whole: Sequence[Tokens]) -> tuple[Tokens, list[Tokens]]:
    """Return what texts that were cut with their labels have in common, and the rest of each."""
    shared = min(shared_length(whole[0], other) for other in whole[1:])
    return whole[0][:shared], [one[shared:] for one in whole]

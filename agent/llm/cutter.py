"""Tokenizers that cut a text as it continues another one: nothing is put in front of it, nothing taken off.

SentencePiece puts a space before every text, and its decoder takes one off again. A prompt is cut in parts, so that
would put spaces between an answer and the option that continues it. Knows tokenizers; knows nothing about models.
"""

import json
from typing import Any

from tokenizers import Tokenizer

__all__ = ["continue_texts"]

# The settings, over all kinds of normalizers, pre-tokenizers and decoders, that add or strip a space at the start.
PLAIN = {"prepend": "", "prepend_scheme": "never", "add_prefix_space": False, "start": 0}


def continue_texts(tokenizer: Tokenizer) -> None:
    """Make a tokenizer cut and join texts as they are, in place.

    Examples
    --------
    >>> from tokenizers import decoders, models, normalizers
    >>> tokenizer = Tokenizer(models.BPE({"▁": 0, "a": 1}, []))
    >>> tokenizer.normalizer = normalizers.Prepend("▁")
    >>> tokenizer.encode("a").tokens
    ['▁', 'a']
    >>> continue_texts(tokenizer)
    >>> tokenizer.encode("a").tokens
    ['a']
    """
    parts = json.loads(tokenizer.to_str())
    bare: dict[str, Any] = {
        "model": {"type": "BPE", "vocab": {}, "merges": []},
        "added_tokens": [],
        "post_processor": None,
    }
    plain = Tokenizer.from_str(json.dumps(_plain(parts | bare)))
    tokenizer.normalizer, tokenizer.pre_tokenizer = plain.normalizer, plain.pre_tokenizer
    tokenizer.decoder = plain.decoder


def _plain(part: Any) -> Any:
    if isinstance(part, list):
        return [_plain(inner) for inner in part]
    if isinstance(part, dict):
        return {name: PLAIN[name] if name in PLAIN else _plain(inner) for name, inner in part.items()}
    return part

"""Tokenizers that cut a text as it continues another one, over the real vocabulary of Llama 2."""

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from agent.llm.cutter import continue_texts

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁"), max_size=12),
    st.sampled_from([" malignant", "malignant", " ", "  ", "\n", " 17.99", "<s>", "🦙", ', "arguments": ', "."]),
)


@pytest.fixture(scope="module", params=["file", "legacy", "first"])
def tokenizer(request, llama2):
    """Return the tokenizer as its file has it, and in both ways in which transformers builds it anew."""
    if request.param == "file":
        found = transformers.PreTrainedTokenizerFast(tokenizer_file=str(llama2 / "tokenizer.json"))
    else:
        found = transformers.AutoTokenizer.from_pretrained(llama2, legacy=request.param == "legacy")
    continue_texts(found.backend_tokenizer)
    return found


@pytest.fixture(scope="module")
def published(llama2):
    """Return the tokenizer that puts a space in front."""
    found = Tokenizer.from_file(str(llama2 / "tokenizer.json"))
    found.encode_special_tokens = True
    return found


def _cut(tokenizer, text):
    return tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids


@settings(deadline=None)
@given(texts=st.lists(TEXTS, max_size=4))
def test_parts_add_up(tokenizer, texts):
    """Texts cut one by one read as the whole: no space comes in between, none is lost."""
    tokens = [token for text in texts for token in _cut(tokenizer, text)]

    assert tokenizer.decode(tokens, clean_up_tokenization_spaces=False) == "".join(texts)


def test_options_differ_by_their_space(tokenizer):
    """With and without a space in front are two texts."""
    assert _cut(tokenizer, " malignant") == [286, 2520, 424]
    assert _cut(tokenizer, "malignant") == [29885, 2520, 424]


@settings(deadline=None)
@given(text=TEXTS.filter(bool))
def test_a_space_in_front_is_what_the_vocabulary_puts_there(published, tokenizer, text):
    """A text after a space is cut as the published tokenizer cuts the text alone."""
    assert _cut(tokenizer, f" {text}") == published.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pre_tokenizers.Metaspace(), decoders.Metaspace()),
        (pre_tokenizers.ByteLevel(add_prefix_space=True), decoders.ByteLevel()),
        (pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(add_prefix_space=True)]), decoders.ByteLevel()),
    ],
)
def test_other_kinds_of_tokenizers(before, after):
    """Each way of putting a space in front is switched off."""
    letters = {letter: at for at, letter in enumerate("▁Ġab")}
    tokenizer = Tokenizer(models.BPE(letters, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = before, after
    assert tokenizer.encode("a b").tokens[0] != "a"

    continue_texts(tokenizer)

    assert tokenizer.encode("a b").tokens[0] == "a"
    assert tokenizer.decode(tokenizer.encode(" a b").ids) == " a b"

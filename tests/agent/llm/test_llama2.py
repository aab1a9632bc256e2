"""The prompts of Llama-2-chat, held against the tokenizer's own chat template over the real vocabulary."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from agent.classifier import Classifier
from agent.llm import LocalChat
from agent.llm.llama2 import Llama2, disarm
from agent.llm.template_child import render
from agent.llm.transformers import Transformers
from tools.bundle import Bundle
from tools.errors import UserError

BOS, EOS = 1, 2
WORDS = st.sampled_from(
    ["hello", " ", "\n", "  ", "17.99", "🦙", "é", "mean radius", "[", "]", "<", ">", "_", "\t", "▁"]
)
CONTROL = st.sampled_from(
    ["<s>", "</s>", "<unk>", "<0x0A>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[[INST]", "<<"]
)
SCHEMA = {
    "type": "object",
    "properties": {"the sky 🦙": {"enum": ["blue", "grey"]}},
    "required": ["the sky 🦙"],
    "additionalProperties": False,
}
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def texts(*kinds):
    """Return contents made of several kinds of words."""
    return st.lists(st.one_of(*kinds), max_size=6).map("".join)


def conversations(content):
    """Return alternating turns from a user's to a user's, with or without the system's before them."""

    def turns(contents, system):
        said = [
            {"role": ("user", "assistant")[at % 2], "content": content}
            for at, content in enumerate(contents[: len(contents) - 1 + len(contents) % 2])
        ]
        return [{"role": "system", "content": system}, *said] if system is not None else said

    return st.builds(turns, st.lists(content, min_size=1, max_size=7), st.none() | content)


@pytest.fixture(scope="module")
def llama(llama2):
    """Return an engine on the tiny Llama 2."""
    engine = Transformers(llama2)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def published(llama2):
    """Return the tokenizer as its file has it: the class of transformers 5 drops the space before ``[INST]``."""
    found = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(llama2 / "tokenizer.json"), bos_token="<s>", eos_token="</s>"
    )
    found.chat_template = (llama2 / "chat_template.jinja").read_text()
    return found


def test_a_known_prompt(llama):
    """Token by token, as the reference cuts it."""
    said = [{"role": "user", "content": "Hello world! "}, {"role": "assistant", "content": "Hi"}]

    found = Llama2(llama.tokenize).opening([*said, {"role": "user", "content": "17"}])

    inst, end = [518, 25580, 29962], [518, 29914, 25580, 29962]
    first = [BOS, *inst, 15043, 3186, 29991, *end, 6324, 29871, EOS]
    assert found == [*first, BOS, *inst, 29871, 29896, 29955, *end]


@settings(deadline=None)
@given(said=conversations(texts(WORDS, ANY).filter(lambda text: disarm(text) == text and "s>" not in text)))
def test_ordinary_conversations_are_those_of_the_chat_template(llama, published, said):
    """Spaces at the ends, line breaks, emoji, digits: the same ids."""
    expected = published.apply_chat_template(said, tokenize=True, return_dict=False)

    assert Llama2(llama.tokenize).opening(said) == expected


@settings(deadline=None)
@given(said=conversations(texts(WORDS, CONTROL, ANY)))
def test_a_content_cannot_open_a_turn(llama, published, said):
    """Whatever it spells: each segment begins and ends where the format says, and reads as it was written."""
    found = Llama2(llama.tokenize).opening(said)

    disarmed = [turn | {"content": disarm(turn["content"])} for turn in said]
    written = render(published.chat_template, disarmed, {"bos_token": "⟦begin⟧", "eos_token": "⟦end⟧"})
    segments = [segment.removesuffix("⟦end⟧") for segment in written.split("⟦begin⟧")[1:]]
    users = sum(turn["role"] == "user" for turn in said)
    assert found.count(BOS) == users
    assert found.count(EOS) == users - 1
    assert len(segments) == users
    assert sum(segment.count("[INST]") for segment in segments) == users
    cut = [published(segment, add_special_tokens=False, split_special_tokens=True).input_ids for segment in segments]
    assert found == [token for at, ids in enumerate(cut) for token in (BOS, *ids, *[EOS] * (at < users - 1))]


@given(texts(WORDS, CONTROL, ANY))
def test_a_disarmed_content_differs_by_spaces_only(text):
    """No tag is left, nothing is lost, and what is harmless stays as it is."""
    found = disarm(text)

    assert not any(tag in found for tag in ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"))
    assert found.replace(" ", "") == text.replace(" ", "")
    assert disarm(found) == found


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        ([], "none"),
        (["system"], "system"),
        (["assistant", "user"], "assistant, user"),
        (["system", "assistant", "user"], "assistant, user"),
        (["user", "assistant"], "user, assistant"),
        (["user", "user", "user"], "user, user, user"),
    ],
)
def test_turns_that_the_format_cannot_say(roles, told):
    """The error names the turns and the mend."""
    said = [{"role": role, "content": "x"} for role in roles]

    with pytest.raises(UserError, match=rf"these are: {told}\. Begin and end"):
        Llama2(lambda text, special=False: [0]).opening(said)


def test_an_answer_continues_as_the_reference_writes_it(llama, published):
    """A space comes between the prompt and the answer; prompt, answer so far and option add up to the whole segment."""
    prompts = []
    chat = LocalChat(engine=llama)
    chat._engine = Spy(llama, prompts)
    question = [SystemMessage("Careful."), HumanMessage("Which label?")]

    option = chat.fork(question, "The label is", [" malignant", " benign"]).option

    said = "[INST] <<SYS>>\nCareful.\n<</SYS>>\n\nWhich label? [/INST] The label is"
    assert prompts[0] == published(f"<s>{said}", add_special_tokens=False).input_ids
    assert chat.fork(question, "", ['{"name": "a"', '{"name": "b"'])
    whole = published(f'<s>{said[: -len("The label is")]}{{"name": "', add_special_tokens=False).input_ids
    assert prompts[-1][: len(whole) - 1] == whole[:-1]
    chat.fork(question, f"The label is{option}", [".", "!"])
    assert prompts[-1] == published(f"<s>{said}{option}", add_special_tokens=False).input_ids


class Spy:
    """An engine that keeps the prompts of another one."""

    def __init__(self, engine, prompts):
        self.engine, self.prompts = engine, prompts

    def next_token(self, prompt, allowed):
        """Keep the prompt."""
        self.prompts.append(list(prompt))
        return self.engine.next_token(prompt, allowed)

    def __getattr__(self, name):
        return getattr(self.engine, name)


def test_an_answer_is_a_segment_of_the_next_prompt(llama):
    """What was answered is cut once more, as a whole, when the conversation goes on."""
    chat = LocalChat(engine=llama)
    said = [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("And?")]

    scores = chat.score(said, "", ["yes", "no"])

    assert math.fsum(map(math.exp, scores)) == pytest.approx(1)
    assert isinstance(chat._format, Llama2)


@settings(deadline=None)
@given(text=texts(WORDS, CONTROL, ANY))
def test_a_stream_adds_up(llama, text):
    """Letters that are made of several tokens come whole, however the text is cut."""
    pieces = list(llama._text(iter(llama.tokenize(text)), ()))

    assert "".join(pieces) == text.replace("▁", " ")


def test_json_is_written_over_this_vocabulary(llama):
    """A grammar's forced tokens have no space in front either."""
    prompt = llama.tokenize(" [INST] x [/INST]")
    settings = {"max_tokens": 200, "temperature": 1.0, "seed": 3, "stop": (), "json_schema": SCHEMA}

    written = "".join(llama.generate(prompt, **settings))

    assert json.loads(written)["the sky 🦙"] in ("blue", "grey")


def test_a_stream_is_the_text_of_an_answer(llama):
    """The space before an answer is the format's, in whichever way the answer is asked for."""
    chat = LocalChat(engine=llama)
    pieces = [str(chunk.content) for chunk in chat.stream("Hi", max_tokens=8)]

    assert not pieces[0].startswith(" ")
    assert "".join(pieces).strip() == chat.invoke("Hi", max_tokens=8).content


@pytest.fixture(scope="module")
def wide():
    """Return the bundle of a table of 1,000 columns."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 1000)) * 37 + 1000
    frame = pd.DataFrame(
        values, columns=[f"measurement {i:04d} of the standardised series (log10)" for i in range(1000)]
    )
    frame["label"] = np.where(values[:, :6].sum(axis=1) > 6000, "malignant", "benign")
    return Bundle.fit(frame, "label", predictor="logistic")


@pytest.mark.parametrize("top", [4, 40])
def test_a_thousand_columns_fit(llama2, wide, top, tmp_path, monkeypatch):
    """The whole path runs within 4,096 tokens, however many features are named; the receipt verifies."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    clf = Classifier.load(wide, str(llama2), top=top)
    lengths = []
    clf.chat._engine = Spy(clf.chat._engine, lengths)

    explanation = clf.classify(wide.features_of(int(wide.held_out()[2][0])))

    assert explanation.verification.ok, explanation.verification.failures
    assert explanation.verification.complete
    assert explanation.writer == "model"
    assert not explanation.notes
    assert explanation.llm["engine"] == "transformers"
    assert max(map(len, lengths)) < 4096

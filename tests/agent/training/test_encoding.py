"""What is learned, and where: exactly what a model is asked when it runs."""

import math

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from agent.llm import LocalChat
from agent.training.encoding import Cutter, encode
from agent.training.recording import Recorder

SAID = [SystemMessage("You classify."), HumanMessage("Which label?")]
OPTIONS = [" the value", " the mean of", " the mean"]


def _recorded(index):
    """Return an example of two choices with a given text between them."""
    recorder = Recorder(teacher=lambda _, __: index)
    chosen = recorder.fork(SAID, "Label:", OPTIONS).option
    recorder.fork(SAID, f"Label:{chosen} and", [" is", " is not", " sure"])
    return next(recorder.examples("decision", "a table"))


@pytest.mark.parametrize("model", ["tiny", "llama2"])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_places_are_where_the_engine_is_asked(request, model, index):
    """The same tokens before, the same that are allowed: chain of the probabilities along the right path."""
    folder = request.getfixturevalue(model)
    example = _recorded(index)
    chat = LocalChat(model=str(folder))
    asked = []
    answer = chat._engine.next_token
    chat._engine.next_token = lambda prompt, allowed: (
        asked.append((list(prompt), set(allowed))) or answer(prompt, allowed)
    )
    chosen = OPTIONS[index]

    encoded = encode(example, Cutter(folder), 4096)
    logs = chat.score(SAID, "Label:", OPTIONS)
    chat._prompts.clear()
    chat.fork(SAID, "Label:", [chosen])
    second = chat.score(SAID, f"Label:{chosen} and", [" is", " is not", " sure"])

    assert math.fsum(map(math.exp, logs)) == pytest.approx(1)
    assert math.fsum(map(math.exp, second)) == pytest.approx(1)
    for place in (place for place in encoded.places if place.allowed):
        before = list(encoded.tokens[: place.at + 1])
        assert (before, set(place.allowed)) in asked
        assert place.token in place.allowed


def test_what_is_given_is_not_learned(tiny):
    """Places lie in what was chosen or written, and behind it."""
    cutter = Cutter(tiny)
    encoded = encode(_recorded(0), cutter, 4096)
    learned = [cutter._tokenizer.decode(place.token) for place in encoded.places if not place.allowed]

    assert "".join(learned) == " the value is<|im_end|>"


def test_what_is_longer_than_the_model_is_to_see_is_left_out(tiny):
    """None is returned for it."""
    assert encode(_recorded(0), Cutter(tiny), 10) is None

"""Each method classifies a row and says why; those that choose do so with chance and the rule, too."""

import pytest

from agent.evaluation.methods import METHODS
from agent.evaluation.methods.few_shot import FewShot, FewShotNearest
from agent.llm import RuleChat, ScriptedChat, UniformChat
from tools.observation import show_name

NAMES = [
    "label-only",
    "cot",
    "cot-template",
    "few-shot",
    "few-shot-nearest",
    "hybrid",
    "agent-strict",
    "agent-prose",
    "rule",
    "fine-tuned-label-only",
    "fine-tuned-label-only-cot",
    "fine-tuned-label-only-few-shot",
    "fine-tuned-label-only-agent",
    "fine-tuned-explain",
    "fine-tuned-explain-agent",
]


def _row(bundle, at=0):
    return bundle.features_of(int(bundle.held_out()[2][at]))


def test_the_methods_are_those_that_are_promised():
    """By their names, in the order of the report."""
    assert list(METHODS) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chooser", [RuleChat, lambda: UniformChat(seed=3)])
@pytest.mark.parametrize("table", ["penguins", "attrition"])
def test_every_method_answers_with_any_chooser(bundle_of, name, chooser, table):
    """A label, probabilities that sum to 1, a question and a text; also where the model writes nothing."""
    bundle = bundle_of(table)

    written = METHODS[name](bundle, chooser(), 3).write(_row(bundle))

    assert written.answer in bundle.schema.labels
    assert sum(written.probabilities.values()) == pytest.approx(1)
    assert set(written.probabilities) == set(bundle.schema.labels)
    assert "Here is a row:" in written.question
    assert isinstance(written.text, str)


def test_free_words_are_the_models_own(bundle_of):
    """They are asked for after the label, which the conversation holds."""
    bundle = bundle_of("penguins")
    chat = ScriptedChat(answers=[" Gentoo", "Because the bill is long."])

    written = METHODS["label-only"](bundle, chat, 3).write(_row(bundle))

    assert written.text == "Because the bill is long."
    assert written.question.endswith("Why?")


def test_a_chain_of_thought_comes_before_its_label(bundle_of):
    """And is the text that is judged."""
    bundle = bundle_of("penguins")
    chat = ScriptedChat(answers=["The bill is long, so it is Gentoo.", " Gentoo"])

    assert METHODS["cot"](bundle, chat, 3).write(_row(bundle)).text == "The bill is long, so it is Gentoo."


def test_a_step_template_is_always_well_formed(bundle_of):
    """Real features with the row's values, each once, as many as asked for."""
    bundle = bundle_of("cancer")
    row = _row(bundle)

    written = METHODS["cot-template"](bundle, UniformChat(seed=1), 5).write(row)

    lines = written.text.splitlines()
    assert len(lines) == 6
    named = [line.split(". ", 1)[1].split(" is ")[0] for line in lines[:5]]
    assert len(set(named)) == 5
    assert set(named) <= set(bundle.schema.names)
    assert lines[-1] == f"Conclusion: the row is classified as {show_name(written.answer)}."


def test_fixed_examples_are_the_same_for_every_row_and_nearest_ones_are_not(bundle_of):
    """And a training row is no example of itself."""
    bundle = bundle_of("cancer")
    fixed, nearest = (method(bundle, RuleChat(), 3) for method in (FewShot, FewShotNearest))
    one, other = _row(bundle, 0), _row(bundle, 1)
    trained = int(bundle.train.argmax())

    assert fixed._examples(one) == fixed._examples(other)
    assert {bundle.y[n] for n in fixed._examples(one)} == {0, 1}
    assert nearest._examples(one) != nearest._examples(other)
    assert trained not in nearest._examples(bundle.features_of(trained))


@pytest.mark.model
def test_every_method_runs_with_a_real_model(bundle_of, smollm):
    """The small model writes something of its own in each of them."""
    bundle = bundle_of("penguins")
    row = _row(bundle)

    texts = {
        name: METHODS[name](bundle, smollm, 2).write(row).text
        for name in NAMES
        if name not in {"agent-prose", "agent-strict"} and not METHODS[name].recipe
    }

    assert all(texts.values())
    assert len(set(texts.values())) == len(texts)

"""What is recorded is what was asked."""

import re

import pytest
from langchain_core.messages import HumanMessage

from agent.classifier import Classifier
from agent.conversation.reading.names import Terms
from agent.conversation.reading.question import Question
from agent.evaluation.methods.label_only import LabelOnly
from agent.llm import LocalChat
from agent.llm.choosers import RuleChat
from agent.llm.turns import turns
from agent.loop import gather
from agent.prompts import ENOUGH
from agent.training.example import read_examples, write_examples
from agent.training.questions import asked, canonical
from agent.training.recording import Recorder
from agent.training.rows import examples_of, validation
from tools.feature import Feature
from tools.schema import Schema

SCHEMA = Schema(
    target="sick",
    labels=("no", "yes"),
    id_column="patient",
    features=(
        Feature(name="age", kind="numeric"),
        Feature(name="sex", kind="categorical", categories=("female", "male")),
    ),
)
COUNT = [{"tool": "count", "args": {"where": [["age", ">", 50], ["sex", "==", "female"]]}}]


def _question(text):
    return Question(text, Terms(SCHEMA), str.isdigit)


def test_a_whole_explanation_is_recorded_with_what_was_offered(bundle_of):
    """Given texts between the choices, the answer as it was written."""
    bundle = bundle_of("cancer")
    recorder = Recorder()

    told = Classifier(bundle, recorder, top=4, decide="predictor").classify(bundle.features_of(0))

    examples = list(recorder.examples("reasons", "cancer"))
    assert any(part.options for example in examples for part in example.answer)
    assert all(part.text in part.options for example in examples for part in example.answer if part.options)
    assert any(example.text and example.text.splitlines()[0][:20] in told.text for example in examples)
    assert not list(recorder.examples("reasons", "cancer"))


def test_another_answer_to_the_same_question_takes_the_place_of_the_first():
    """A label that is asked for twice is one example."""
    recorder = Recorder(teacher=lambda _, __: 1)
    for _ in range(2):
        recorder.fork([HumanMessage("Which?")], "Label:", [" a", " b"])

    assert [example.text for example in recorder.examples("label", "a table")] == ["Label: b"]


def test_a_question_becomes_the_choices_that_lead_to_its_calls():
    """In the short form of the prompt; the right option is the chosen one everywhere."""
    [example] = asked(_question("how many women over 50 are there?"), COUNT, SCHEMA, "patients")

    assert example.text == "count where (age > 50) and (sex == female)"
    assert len("".join(turn.content for turn in example.turns)) < 200
    assert example.answer[0].text == "count"
    assert len(example.answer[0].options) > 1


def test_a_question_that_the_grammar_does_not_reach_is_no_example():
    """Nothing wrong is learned from it."""
    wrong = [{"tool": "count", "args": {"where": [["age", ">", 70]]}}]

    assert asked(_question("how many women over 50 are there?"), wrong, SCHEMA, "patients") == []


def test_calls_are_the_same_in_any_order():
    """Order of calls and of conditions, and repetition, do not count."""
    turned = [{"tool": "count", "args": {"where": list(reversed(COUNT[0]["args"]["where"]))}}]

    assert canonical(COUNT) == canonical(turned * 2)
    assert canonical(COUNT) != canonical([{"tool": "show", "args": COUNT[0]["args"]}])


def test_rows_become_labels_alone_or_labels_and_reasons(bundle_of):
    """The label is the true one; reasons only where the predictor is right, without marks."""
    bundle = bundle_of("penguins")

    labels = list(examples_of(bundle, "label-only", "penguins", rows=5))
    explained = list(examples_of(bundle, "explain", "penguins", rows=5))

    assert [example.kind for example in labels] == ["label"] * 5
    assert {example.kind for example in explained} == {"label", "why", "tools", "decision", "reasons"}
    assert all(len(example.answer[-1].options) == 3 for example in labels)


def test_a_row_does_not_see_its_own_label_beside_the_question(bundle_of):
    """Among the similar rows: at run time it is not there."""
    bundle = bundle_of("cancer")
    asked = [
        example.turns[-1].content
        for example in examples_of(bundle, "explain", "cancer", rows=8)
        if example.kind == "decision"
    ]

    assert asked
    for text in asked:
        similar = [line.partition(". Label:")[0] for line in text.splitlines() if line.startswith("Similar row: ")]
        own = next(line for line in text.splitlines() if line.startswith("This row: "))
        assert len(similar) == 3
        assert own.removeprefix("This row: ").rstrip(".") not in {row.removeprefix("Similar row: ") for row in similar}


def test_a_tool_call_is_asked_for_as_it_is_when_a_model_runs_and_answered_as_by_the_rule(bundle_of, tiny):
    """With the tools' definitions."""
    bundle = bundle_of("penguins")
    chat = LocalChat(model=str(tiny), context=8192)
    shown = []
    chat_with_tools = type(chat)._with_tools

    def noted(self, messages, tools):
        shown.append(turns(chat_with_tools(self, messages, tools))[0]["content"])
        return chat_with_tools(self, messages, tools)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(chat), "_with_tools", noted)
        gather(bundle, bundle.features_of(0), chat, 4)
    learned = [example for example in examples_of(bundle, "explain", "penguins", rows=6) if example.kind == "tools"]

    assert learned
    for example in learned:
        assert example.turns[0].content in shown
        assert not any(part.text == ENOUGH for part in example.answer)
    recorder = Recorder(teacher=lambda _, options: int(options[0] == ENOUGH and len(options) > 1))
    for number in range(3):
        row = bundle.features_of(number)
        by_rule, by_teacher = (gather(bundle, row, one, 4) for one in (RuleChat(), recorder))
        assert [(call.tool, call.args) for call in by_teacher] == [(call.tool, call.args) for call in by_rule]


def test_a_reason_that_is_learned_has_no_number_that_the_question_does_not_show(bundle_of):
    """Else a model learns to make numbers up; and no marks of calls that it does not see."""
    for name in ("attrition", "cancer"):
        why = [example for example in examples_of(bundle_of(name), "explain", name, rows=8) if example.kind == "why"]
        assert why
        for example in why:
            asked = set(re.findall(r"\d+(?:\.\d+)?", " ".join(turn.content for turn in example.turns)))
            steps = re.sub(r"(?m)^\d+\. ", "", example.text)
            assert set(re.findall(r"\d+(?:\.\d+)?", steps)) <= asked
            assert "[t" not in example.text
            assert len(example.text) > 100


def test_rows_that_a_training_is_judged_on_are_no_examples(bundle_of):
    """In either recipe."""
    bundle = bundle_of("penguins")
    kept = [bundle.features_of(number) for number in validation(bundle)]
    asked = [LabelOnly(bundle, Recorder(), 4).asked(row)[-1].text for row in kept]

    learned = {example.turns[-1].content for example in examples_of(bundle, "label-only", "penguins")}

    assert len(kept) == 6
    assert not learned & set(asked)


def test_examples_are_kept_as_lines(tmp_path, bundle_of):
    """What is written is read again."""
    examples = list(examples_of(bundle_of("penguins"), "explain", "penguins", rows=2))

    assert write_examples(tmp_path / "examples.jsonl", examples) == len(examples)
    assert list(read_examples([tmp_path / "examples.jsonl"])) == examples

"""From a row to a verified explanation, whoever chooses."""

import itertools
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agent import narrate, verify
from agent.classifier import Classifier
from agent.explanation.claims import Contribution
from agent.llm import PromptedChat, ScriptedChat, UniformChat
from tools.bundle import Bundle
from tools.errors import EngineError, ModelSpecError, TableError, UserError


class Failing(UniformChat):
    """Chooses by chance until its engine fails at the n-th choice; afterwards it works again, or never."""

    at: int = 0
    for_good: bool = False
    made: int = 0

    def _next(self):
        self.made += 1
        if self.made == self.at + 1 or (self.for_good and self.made > self.at):
            raise EngineError("the engine died")

    def _fork(self, *args, **kwargs):
        self._next()
        return super()._fork(*args, **kwargs)

    def _score(self, *args, **kwargs):
        self._next()
        return super()._score(*args, **kwargs)


class Preferring(UniformChat):
    """Is sure of one label; chooses the first option everywhere else."""

    label: str

    def _fork(self, messages, prefix, options, temperature, seed):
        return super()._fork(messages, prefix, options[:1], temperature, seed)

    def _score(self, messages, prefix, options):
        sure = [0.9 if self.label in option else 0.1 / (len(options) - 1) for option in options]
        return [math.log(p) for p in sure]


class Garbage(BaseChatModel):
    """Answers anything but what it was asked, and offers to call tools with wrong calls."""

    answers: list[AIMessage]
    made: int = 0

    @property
    def _llm_type(self):
        return "garbage"

    def bind_tools(self, tools, **kwargs):
        """Return itself: it does not read what is offered."""
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.made += 1
        answer = self.answers[self.made % len(self.answers)].model_copy()
        return ChatResult(generations=[ChatGeneration(message=answer)])


@pytest.fixture
def row_of(bundle_of):
    """Return the function from a table to its first held-out row."""
    return lambda name, nth=0: bundle_of(name).features_of(int(bundle_of(name).held_out()[2][nth]))


def _holds(explanation, bundle):
    """Check all that is promised of any explanation."""
    assert explanation.verification.ok, explanation.verification.failures
    assert explanation.verification.complete
    assert verify(json.loads(json.dumps(explanation.model_dump(mode="json"))), bundle).ok
    assert math.fsum(explanation.probabilities.values()) == pytest.approx(1)
    assert explanation.label in explanation.probabilities
    return explanation


# -- the graph -------------------------------------------------------------------------------------------------------


def test_the_graph_invokes_streams_and_batches(bundle_of, row_of):
    """Each way gives verified results, the stream node by node."""
    clf = Classifier.load(bundle_of("penguins"), llm="rule")
    rows = [{"row": row_of("penguins", nth)} for nth in range(3)]

    one = clf.graph.invoke(rows[0])["explanation"]
    many = [state["explanation"] for state in clf.graph.batch(rows)]
    nodes = [name for update in clf.graph.stream(rows[0], stream_mode="updates") for name in update]

    assert nodes == ["gather", "decide", "write", "verify"]
    assert many[0].text == one.text
    assert all(_holds(e, bundle_of("penguins")) for e in many)


def test_the_same_row_gives_the_same_text(bundle_of, row_of, table):
    """By rule there is no chance in it; two classifiers agree."""
    texts = {Classifier.load(bundle_of(table), llm="rule").classify(row_of(table)).text for _ in range(2)}
    clf = Classifier.load(bundle_of(table), llm="rule")

    assert texts == {clf.classify(row_of(table)).text} == {clf.classify(row_of(table)).text}


@pytest.mark.parametrize("for_good", [False, True])
def test_a_failing_engine_never_loses_a_row(bundle_of, row_of, for_good):
    """Whichever choice it fails at, the rule takes over, the result verifies, and the notes say so."""
    bundle = bundle_of("penguins")
    for at in range(21):
        chat = Failing(seed=at, at=at, for_good=for_good)
        explanation = _holds(Classifier(bundle, chat, decide="llm").classify(row_of("penguins")), bundle)
        if chat.made > at:
            assert any("the engine died" in note for note in explanation.notes)
        if for_good and at == 0:
            assert explanation.writer == "rule"
            assert explanation.decision.llm is None


def test_an_engine_that_fails_while_the_weight_is_learned(bundle_of, row_of, monkeypatch, tmp_path):
    """The predictor counts then."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    bundle = bundle_of("penguins")
    explanation = Classifier(bundle, Failing(at=25, for_good=True)).classify(row_of("penguins"))

    _holds(explanation, bundle)
    assert explanation.decision.counted == "predictor"
    assert explanation.notes


@pytest.mark.parametrize(
    "model",
    [
        lambda: GenericFakeChatModel(messages=itertools.cycle([AIMessage("Sure! 42."), AIMessage("{t9.x} is 3.14")])),
        lambda: FakeListChatModel(responses=["1"]),
        lambda: FakeListChatModel(responses=["", "🦆", "999999999999999999999", "The label is 0.99 [t7]."]),
        lambda: Garbage(answers=[AIMessage("")]),
        lambda: Garbage(
            answers=[
                AIMessage("", tool_calls=[{"name": "guess", "args": {}, "id": "1"}]),
                AIMessage("", tool_calls=[{"name": "explain", "args": {"top": -1, "label": 7}, "id": None}]),
                AIMessage("2"),
            ]
        ),
        lambda: PromptedChat(inner=FakeListChatModel(responses=["2"])),
        lambda: UniformChat(seed=1),
    ],
    ids=["generic", "always-1", "odd", "silent", "wrong-calls", "wrapped", "chance"],
)
def test_any_chat_model_gives_verified_explanations(bundle_of, row_of, table, model):
    """Also one that answers garbage: what it may choose between is true."""
    clf = Classifier.load(bundle_of(table), llm=model(), decide="llm")

    explanation = _holds(clf.classify(row_of(table)), bundle_of(table))
    assert explanation.llm["model"]


def test_an_error_of_a_provider_is_the_engines(bundle_of, row_of):
    """A network that is down loses no row either."""

    class Down(Garbage):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            raise ConnectionError("no route to the server")

    clf = Classifier.load(bundle_of("penguins"), llm=Down(answers=[]), decide="llm")
    explanation = _holds(clf.classify(row_of("penguins")), bundle_of("penguins"))

    assert explanation.writer == "rule"
    assert any("no route" in note for note in explanation.notes)


# -- the decision ----------------------------------------------------------------------------------------------------


def test_where_the_model_counts_the_final_label_is_explained(bundle_of, row_of, table):
    """The other label: its contributions, its probability, and a sentence that says who counted."""
    bundle = bundle_of(table)
    first = Classifier.load(bundle, llm="rule").classify(row_of(table))
    other = next(label for label in bundle.schema.labels if label != first.label)

    flipped = _holds(Classifier(bundle, Preferring(label=other), decide="llm").classify(row_of(table)), bundle)

    assert (flipped.label, flipped.decision.counted, flipped.decision.agreed) == (other, "llm", False)
    explained = [seen for seen in flipped.observations if seen.tool == "explain"][-1]
    assert explained.result["towards"] == other
    assert "its answer counted" in flipped.text
    assert flipped.probabilities == first.probabilities
    signs = {c.feature: c.sign for s in flipped.steps for c in s.claims if isinstance(c, Contribution)}
    parts = {entry["feature"]: entry["contribution"] for entry in explained.result["features"]}
    assert all((parts[feature] > 0) == (sign > 0) for feature, sign in signs.items())


def test_where_the_predictor_counts_the_disagreement_is_told(bundle_of, row_of):
    """The label stays; the text says what the model would have answered."""
    bundle = bundle_of("biopsy")
    first = Classifier.load(bundle, llm="rule").classify(row_of("biopsy"))
    other = next(label for label in bundle.schema.labels if label != first.label)
    clf = Classifier(bundle, Preferring(label=other))
    clf._weight = 0.0

    told = _holds(clf.classify(row_of("biopsy")), bundle)
    assert told.label == first.label
    assert "the predictor's answer" in told.text
    clf._weight = 1.0
    assert _holds(clf.classify(row_of("biopsy")), bundle).decision.counted == "combined"


@pytest.mark.parametrize("limit", [0.0, 0.5, 1.0])
def test_abstaining_is_told(bundle_of, row_of, limit):
    """Below the limit the case is left to a person, in the decision and in the text."""
    bundle = bundle_of("attrition")
    explanation = _holds(Classifier.load(bundle, llm="rule", abstain_below=limit).classify(row_of("attrition")), bundle)

    below = explanation.probabilities[explanation.label] < limit
    assert explanation.decision.abstained == below
    assert ("person" in explanation.text) == below


@pytest.mark.parametrize("top", [1, 3, 200])
def test_top_says_how_many_are_named(bundle_of, row_of, top):
    """Or as many as contribute."""
    explanation = Classifier.load(bundle_of("cancer"), llm="rule", top=top).classify(row_of("cancer"))
    named = [c for s in explanation.steps for c in s.claims if isinstance(c, Contribution)]

    assert len(named) <= min(top, 30)
    assert top == 200 or len(named) == top


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0}, "top is 0"),
        ({"abstain_below": 1.5}, "between 0 and 1"),
        ({"style": "poem"}, "style"),
        ({"decide": "coin"}, "decide"),
    ],
)
def test_messages_of_bad_options(bundle_of, options, message):
    """Refused before any work is done."""
    with pytest.raises(UserError, match=message):
        Classifier.load(bundle_of("penguins"), llm="rule", **options)


def test_an_unknown_model_is_refused(bundle_of):
    """With what is known."""
    with pytest.raises(ModelSpecError, match=r"Known|Did you mean"):
        Classifier.load(bundle_of("penguins"), llm="nobody")


# -- rows ------------------------------------------------------------------------------------------------------------


def test_missing_values_are_explained(bundle_of):
    """None, NaN and pandas' NA, in one column and in all of them."""
    bundle = bundle_of("biopsy")
    clf = Classifier.load(bundle, llm="rule", top=9)
    for missing in (None, float("nan"), np.nan, pd.NA):
        explanation = _holds(clf.classify(dict.fromkeys(bundle.schema.names, missing)), bundle)
        assert set(explanation.row.values()) == {None}


def test_a_new_category_is_told_as_it_is(bundle_of, row_of):
    """The predictor takes it for missing; row and text show it, and the notes say that training has not seen it."""
    bundle = bundle_of("attrition")
    name = next(feature.name for feature in bundle.schema.features if feature.categories)
    clf = Classifier.load(bundle, llm="rule", top=len(bundle.schema.names))
    explanation = _holds(clf.classify(row_of("attrition") | {name: "Mars"}), bundle)
    missing = clf.classify(row_of("attrition") | {name: None})

    assert explanation.row[name] == "Mars"
    assert explanation.probabilities == missing.probabilities
    assert any(name in note and "'Mars'" in note for note in explanation.notes)
    assert re.search(r"Mars, which none of the \d+ training rows has", explanation.text)


def test_extra_keys_are_ignored_and_numpy_is_taken(bundle_of, row_of):
    """A row as a DataFrame gives it."""
    bundle = bundle_of("penguins")
    row = row_of("penguins")
    typed = {name: np.float32(value) if isinstance(value, float) else value for name, value in row.items()}
    clf = Classifier.load(bundle, llm="rule")

    assert _holds(clf.classify(typed | {"species": "Gentoo", "other": object()}), bundle).row.keys() == row.keys()
    assert _holds(clf.classify(pd.Series(row, dtype=object)), bundle).text == clf.classify(row).text


def test_messages_of_rows_that_do_not_fit(bundle_of, row_of):
    """The column that is missing, or whose value is no number."""
    clf = Classifier.load(bundle_of("penguins"), llm="rule")
    row = row_of("penguins")

    with pytest.raises(TableError, match="bill_length_mm"):
        clf.classify({name: value for name, value in row.items() if name != "bill_length_mm"})
    with pytest.raises(TableError, match="bill_length_mm"):
        clf.classify(row | {"bill_length_mm": "long"})


# -- names -----------------------------------------------------------------------------------------------------------

# The last two are categories only: line breaks and control characters are refused in the names of columns and labels.
NAMES = {
    "digits": ["1", "2.5", "-3", "1e9", "007"],
    "emoji": ["🦆", "👩🏽‍🔬", "🏴‍☠️", "✅", "é"],
    "braces": ["{t1.x}", "{t2.towards}", "{}", "{{x}}", "}{"],
    "brackets": ["[t2]", "[decision]", "[t1][t9]", "]", "a [t3]."],
    "signs": ["%s", "100%", "a%20b", "%", "$x$"],
    "quotes": ["'", '"', "“a”", "`", "\\"],
    "lines": ["Conclusion:", "1. x", "a; b", "a\nb", "a\r\n2. c"],
    "directions": ["مرحبا", "שלום", "é̂", "\u202eevil", "a\u200bb"],
    "html": ["<b>", "<script>alert(1)</script>", "&amp;", "<!--", "</p>"],
    "long": ["x" * 500, "x" * 499 + "y", "y " * 100, "z" * 61, "z" * 60],
    "tools": ["predict", "probability", "explain", "features", "towards"],
    "keys": ["contribution", "rows", "t1", "decision", "by_label.mean"],
    "facts": ["k", "rank", "above", "below", "share"],
    "words": ["not", "above", "speaks against", "second-largest", "no. 1"],
    "formulas": ["=1+1", "+cmd", "@x", "a|abs", "t1.value|name"],
}


def _odd_table(names):
    """Return a small table whose columns and labels bear the first three names, and whose categories the others."""
    rng = np.random.default_rng(0)
    n = 120
    one, two, three = names[0], names[1], names[2]
    kinds = rng.integers(0, 2, n)
    frame = pd.DataFrame({one: rng.normal(size=n), two: rng.normal(size=n), three: [names[3 + k] for k in kinds]})
    frame["the target"] = [names[1 + int(x > 0)] for x in frame[one] + kinds - 0.5]
    return frame


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES.keys())
def test_names_are_atoms(names, tmp_path):
    """Whatever columns, categories and labels are called, text, verification and receipts hold."""
    bundle = Bundle.fit(_odd_table(names), "the target", predictor="logistic")
    bundle.save(tmp_path / "bundle")
    bundle = Bundle.load(tmp_path / "bundle")
    for chat in ("rule", UniformChat(seed=3)):
        clf = Classifier.load(bundle, llm=chat, decide="llm", abstain_below=0.9)
        for number in range(3):
            explanation = _holds(clf.classify(bundle.features_of(number)), bundle)
            assert len(explanation.text.splitlines()) == len(explanation.steps)
            assert verify(explanation).ok
            raw = explanation.model_dump(mode="json")
            assert not verify(raw | {"text": raw["text"].replace("the", "a", 1)}, bundle).ok
    label = bundle.schema.labels[0]
    assert narrate({names[0]: 1}, label=label, probability=0.5, contributions={names[0]: 1}, llm="rule").verification.ok


def test_a_scripted_model_is_named_in_the_receipt(bundle_of, row_of):
    """Which model, which engine, and how it wrote."""
    chat = ScriptedChat(answers=[lambda *_: 0] * 200)
    explanation = Classifier(bundle_of("penguins"), chat, decide="predictor").classify(row_of("penguins"))

    assert explanation.llm == {"model": "scripted", "engine": "scripted", "sha256": None, "style": "strict"}
    assert explanation.writer == "model"


@pytest.mark.model
def test_the_small_model_explains_and_verifies(bundle_of, row_of, smollm):
    """The real model gathers and writes; what it wrote is true, and it cost something."""
    explanation = Classifier(bundle_of("penguins"), smollm, top=2, decide="predictor").classify(row_of("penguins"))

    _holds(explanation, bundle_of("penguins"))
    assert explanation.writer == "model"
    assert explanation.usage.generated_tokens > 0
    assert not explanation.notes


@pytest.mark.model
def test_what_rows_have_in_common_is_read_once(bundle_of, smollm, monkeypatch):
    """Of each stage's prompts, what stands before the first byte of a row is never prefilled again."""
    bundle, clf, asked = bundle_of("penguins"), Classifier(bundle_of("penguins"), smollm, decide="llm"), []
    send = smollm._engine._post

    def post(address, body):
        answer = send(address, body)
        if address == "/completion":
            asked.append((body["prompt"], answer["timings"]["cache_n"]))
        return answer

    monkeypatch.setattr(smollm._engine, "_post", post)
    ends = []
    for number in bundle.held_out()[2][:3]:
        clf.classify(bundle.features_of(int(number)))
        ends.append(len(asked))
    stages = {}
    for prompt, _ in asked:
        stages.setdefault(tuple(prompt[:8]), []).append(prompt)
    common = {
        stage: next(at for at, tokens in enumerate(itertools.zip_longest(*prompts)) if len(set(tokens)) > 1)
        for stage, prompts in stages.items()
    }

    assert len(common) == 3
    assert min(common.values()) > 20
    for prompt, cached in asked[ends[0] :]:
        assert cached >= min(common[tuple(prompt[:8])], len(prompt) - 1)  # the last token is always computed

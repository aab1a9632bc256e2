"""Prose: what a model writes in free words stands only where all of it is understood, true, and enough."""

import pytest
from pydantic import Field

from agent.classifier import Classifier
from agent.explanation import receipt
from agent.explanation.narrate import narrate
from agent.explanation.prose import style_of, templated
from agent.explanation.verify import verify
from agent.llm import RuleChat

TRUE = {
    "1.": "The model predicts {label} with a probability of {p}, so it is confident.",
    "2.": "The {rank} contribution comes from {feature}, whose value of {value} speaks for {label}.",
}


class Writing(RuleChat):
    """Chooses by rule, and writes what a function of the step's number and the attempt says."""

    sentences: dict[str, list[str]] = Field(default_factory=dict)
    size: int | None = None

    @property
    def parameters(self):
        """As many as the test says."""
        return self.size

    def describe(self):
        """Pass for a model."""
        return {"model": "writing", "engine": "test", "sha256": None}

    def _write(self, messages, prefix, text):
        number = prefix.rsplit("\n", 1)[-1].strip()
        waiting = self.sentences.get(number, [])
        yield waiting.pop(0) if waiting else "Nothing."


@pytest.fixture
def cancer(bundle_of):
    """Return a row with what the strict writer says of it."""
    bundle = bundle_of("cancer")
    row = bundle.features_of(int(bundle.held_out()[2][0]))
    return bundle, row, Classifier.load(bundle, llm="rule").classify(row)


def _facts(told):
    """Return how the facts that the sentences name are shown."""
    explained = next(seen for seen in told.observations if seen.tool == "explain").result
    first = explained["features"][0]
    return {
        "label": f"“{told.label}”",
        "p": told.steps[0].text.rsplit("probability of ", 1)[-1].split(" [")[0].rsplit(" ", 1)[-1],
        "rank": "largest",
        "feature": first["feature"],
        "value": f"{first['value']:.4g}",
    }


def _classified(cancer, sentences):
    bundle, row, told = cancer
    known = _facts(told)
    filled = {number: [text.format(**known) for text in texts] for number, texts in sentences.items()}
    return Classifier(bundle, Writing(sentences=filled), style="prose", decide="predictor").classify(row)


def test_a_true_sentence_stands(cancer):
    """With references in the place of its names and numbers, and what is read from it in the receipt."""
    told = _classified(cancer, {number: [text] for number, text in TRUE.items()})

    assert told.verification.ok, told.verification.failures
    assert [step.style for step in told.steps[:3]] == ["prose", "prose", "strict"]
    assert "contribution comes from {t3.features.0.feature}" in told.steps[1].template
    assert "t3.features.0.value" in told.steps[1].citations
    assert {claim.kind for claim in told.steps[1].claims} >= {"contribution", "effect", "ranked", "stated"}
    assert verify(receipt.parse(told.model_dump(mode="json")), cancer[0]).ok


@pytest.mark.parametrize(
    "sentence",
    [
        "The {rank} contribution comes from {feature}, whose value of {value} speaks against {label}.",
        "The second-largest contribution comes from {feature}, whose value of {value} speaks for {label}.",
        "The {rank} contribution comes from {feature}, whose value of 0.5 speaks for {label}.",
        "The {rank} contribution comes from {feature}, whose value of {value} does not speak for {label}.",
        "The {rank} contribution comes from {feature}, whose value of {value}, a sign of illness, speaks for {label}.",
        "The {rank} contribution comes from {feature}, which speaks for {label}.",
        "{feature} has a value of {value}, which speaks for {label}.",
        "{feature} has a value of {value}, which speaks for {label}, and is not the second-largest contribution.",
        "The {rank} contribution comes from {feature},\u2028whose value of {value} speaks for {label}.",
        "The {rank} contribution comes from {feature}, whose value of {value} is low and speaks for {label}.",
        "{{t3.features.0.rank}} {{t9}} {{",
        "",
    ],
    ids=[
        "direction",
        "rank",
        "number",
        "negation",
        "cause",
        "no value",
        "no rank",
        "only another rank",
        "two lines",
        "level",
        "braces",
        "empty",
    ],
)
def test_any_other_sentence_gives_way(cancer, sentence):
    """It is written again, then a strict one takes its place."""
    told = _classified(cancer, {"2.": [sentence, sentence]})

    assert told.verification.ok, told.verification.failures
    assert told.steps[1].style == "strict"
    assert any("written again" in note for note in told.notes)


def test_a_comparison_is_cited_though_it_shows_no_number(cancer):
    """What a sentence rests on is marked, not only what it shows."""
    sentence = (
        "The {rank} contribution comes from {feature}, whose value of {value} is above the mean and speaks for {label}."
    )
    told = _classified(cancer, {"2.": [sentence]})
    call = next(seen.id for seen in told.observations if seen.tool == "feature_stats")

    assert told.steps[1].style == "prose"
    assert f"{call}.overall.mean" in told.steps[1].citations
    assert told.steps[1].text.endswith(f"[t3][{call}].")
    assert told.verification.ok, told.verification.failures


def test_a_label_that_is_only_ruled_out_is_no_conclusion(cancer):
    """The conclusion says which label it is."""
    sentence = "The row is not classified as “1”, and the probability of {label} is {p}."
    last = f"{len(_classified(cancer, {}).steps)}."

    assert _classified(cancer, {last: [sentence, sentence]}).steps[-1].style == "strict"


def test_the_second_try_is_told_what_was_wrong(cancer, monkeypatch):
    """The finding comes with the facts."""
    shown = []
    monkeypatch.setattr(
        Writing,
        "compose",
        lambda self, messages, prefix, form, **_: shown.append(messages[-1].text) or "It speaks for nobody.",
    )
    _classified(cancer, {})

    assert "Say it in other words than" not in shown[0]
    assert "Say it in other words than" in shown[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [("speaks for", "speaks against"), ("comes from", "does not come from"), ("contribution", "probability")],
)
def test_a_changed_word_is_found(cancer, old, new):
    """Sealed again, but read again too."""
    told = _classified(cancer, {number: [text] for number, text in TRUE.items()})
    raw = told.model_dump(mode="json")
    step = raw["steps"][1]
    assert old in step["text"]
    raw["text"] = raw["text"].replace(step["text"], step["text"].replace(old, new, 1))
    step["text"], step["template"] = step["text"].replace(old, new, 1), step["template"].replace(old, new, 1)
    raw["digest"] = receipt.digest(raw)

    assert not verify(raw, cancer[0]).ok


def test_a_changed_assertion_is_found(cancer):
    """The receipt's assertions are those that the words make."""
    told = _classified(cancer, {number: [text] for number, text in TRUE.items()})
    raw = told.model_dump(mode="json")
    effect = next(claim for claim in raw["steps"][1]["claims"] if claim["kind"] == "effect")
    effect["sign"] = -effect["sign"]
    raw["digest"] = receipt.digest(raw)

    assert not verify(raw, cancer[0]).ok


def test_auto_is_strict_below_seven_billion_parameters():
    """And for the rule, and where nobody knows the number."""
    sizes = [None, 135_000_000, 6_900_000_000, 13_000_000_000]

    assert [style_of("auto", Writing(size=size)) for size in sizes] == ["strict", "strict", "strict", "prose"]
    assert style_of("prose", Writing()) == "prose"
    assert style_of("prose", RuleChat()) == "strict"


def test_narrate_in_prose():
    """Attributions from elsewhere, in words that were read back."""
    sentences = {"2.": ["The largest contribution comes from age, whose value of 61 speaks for ill."]}
    told = narrate(
        {"age": 61},
        label="ill",
        probability=0.8,
        contributions={"age": 0.4},
        llm=Writing(sentences=sentences),
        style="prose",
    )

    assert told.verification.ok, told.verification.failures
    assert told.steps[1].style == "prose"
    assert told.steps[1].text == "The largest contribution comes from age, whose value of 61 speaks for ill [t2]."


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("age of 61.", "{f} of {v}"),
        ("Age of 61.5", "{f} of 61.5"),
        ("161 and 61%", "161 and 61%"),
        ("mileage of 61 {x}", "mileage of {v} (x)"),
    ],
)
def test_only_whole_names_and_numbers_become_references(written, expected):
    """A part of a longer word or number is something else."""
    assert templated(written, {"age": "{f}", "61": "{v}"}) == expected

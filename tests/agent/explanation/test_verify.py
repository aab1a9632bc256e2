"""Verification: an unchanged receipt passes, a changed one does not, however well it is sealed again."""

import copy
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.classifier import Classifier
from agent.explanation import receipt
from agent.explanation.evidence import Evidence
from agent.explanation.template import assemble, render
from agent.explanation.verify import verify
from agent.llm import ScriptedChat
from tools.bundle import Bundle
from tools.errors import ReceiptError
from tools.observation import Observation
from tools.toolbox import Toolbox

TABLES = ("cancer", "attrition", "penguins", "biopsy")
# What no recomputation can know: who asked and with which option, where the bundle lay, what a model cost.
TAKEN_AS_RECORDED = {"usage", "llm", "notes", "row_id", "digest"}


@pytest.fixture
def made(by_rule, table):
    """Return one receipt of each table, as JSON."""
    return _json(by_rule(table)[0])


def _json(explanation):
    return json.loads(json.dumps(explanation.model_dump(mode="json")))


def _sealed(raw):
    """Return a receipt with the digest that fits what it now says."""
    return raw | {"digest": receipt.digest(raw)}


def _paths(value, path=()):
    """Yield the path and value of everything inside a JSON value."""
    if path:
        yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _paths(inner, (*path, key))


def _with(raw, path, change):
    """Return a copy in which `change` has been applied to the container and key at a path."""
    changed = copy.deepcopy(raw)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    change(inner, path[-1])
    return changed


def _put(raw, path, value):
    return _with(raw, path, lambda inner, key: inner.__setitem__(key, value))


def _passes(tampered, bundle):
    """Tell whether a receipt that was changed and sealed again passes; one that cannot even be read does not."""
    try:
        return verify(_sealed(tampered), bundle).ok
    except ReceiptError:
        return False


def _rejected(tampered, raw, bundle):
    """Tell that a change is a change, and is found with the old digest and with a new one."""
    assert tampered != raw
    stale, fresh = verify(tampered, bundle), verify(_sealed(tampered), bundle)
    assert not stale.ok
    assert not fresh.ok, "a change passed"
    assert all(failure.where and str(failure) for failure in fresh.failures)
    return fresh


# -- unchanged -------------------------------------------------------------------------------------------------------


def test_an_unchanged_receipt_verifies(by_rule, bundle_of, table, tmp_path):
    """As an object, as a dict, and after a round trip through a file: ok and complete."""
    explanation = by_rule(table)[0]
    file = tmp_path / "receipt.json"
    receipt.write(explanation, file)

    for given_as in (explanation, _json(explanation), file, str(file)):
        found = verify(given_as, bundle_of(table))
        assert found.ok, found.failures
        assert found.complete
        assert found.checked > 50


def test_the_order_of_keys_is_no_change(made, bundle_of, table):
    """JSON objects have no order: a program that sorts keys has changed nothing."""
    assert verify(json.loads(json.dumps(made, sort_keys=True)), bundle_of(table)).ok


def test_the_bundle_may_be_a_path_or_the_recorded_one(bundle_of, tmp_path):
    """A bundle given as a directory, or found where the receipt says it was."""
    bundle_of("penguins").save(tmp_path / "bundle")
    saved = Bundle.load(tmp_path / "bundle")
    explanation = Classifier.load(saved, llm="rule").classify(saved.features_of(3))

    assert verify(explanation, tmp_path / "bundle").complete
    assert verify(_json(explanation)).complete


def test_text_only_is_never_complete(made):
    """Without the bundle the text is matched to the observations it carries, and that is said."""
    found = verify(made, text_only=True)

    assert found.ok, found.failures
    assert not found.complete


# -- changed ---------------------------------------------------------------------------------------------------------


def test_a_change_anywhere_is_found(made, bundle_of, table):
    """Each value of a receipt, changed or left out and sealed again, is found; each table has a quarter of the places.

    What passes is named here: an argument left out that is its own default, and a change of a contribution far below
    the tolerance that is stated relative to all of them.
    """
    for path, value in list(_paths(made))[TABLES.index(table) :: len(TABLES)]:
        if path[0] in TAKEN_AS_RECORDED or path == ("bundle", "path"):
            continue
        changes = [] if path in EQUIVALENT else [_put(made, path, other) for other in _others(path, value)]
        if not (path[-1] == "k" and path[-2] == "args") and path not in {("observations", _last(made))}:
            changes.append(_with(made, path, lambda inner, key: inner.__delitem__(key)))
        for tampered in changes:
            assert not _passes(tampered, bundle_of(table)), (path, value)


# The number of checks belongs to the program that counted; a limit that nothing fell below changes no decision.
EQUIVALENT = {("verification", "checked"), ("decision", "abstain_below_probability")}


def _last(raw):
    return len(raw["observations"]) - 1


def _others(path, value):
    """Return other values of the same type, as near as a receipt distinguishes."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, -value - 1]
    if isinstance(value, float):
        scaled = path[-1] in {"contribution", "base", "rest", "total", "absolute"}
        step = 1e-3 if scaled else abs(value) * 3e-6 or 1e-3
        return [value + step, value - step, -value - 1]
    if isinstance(value, str):
        return [value + "x", value[1:] if value else "x", "{t1}"]
    return [0, "x", True] if value is None else []


def test_a_digit_in_a_template_is_found(made, bundle_of, table):
    """Where a reference says which fact is shown, each digit counts; the texts stay as they are."""
    for number, step in enumerate(made["steps"]):
        for match in re.finditer(r"\d", step["template"]):
            digit, at = str((int(match[0]) + 1) % 10), match.start()
            template = step["template"][:at] + digit + step["template"][at + 1 :]
            found = _rejected(_put(made, ("steps", number, "template"), template), made, bundle_of(table))
            assert any(failure.where.startswith(f"steps.{number}") for failure in found.failures)


def _retold(raw, steps):
    """Return a receipt with other steps and the text that goes with them."""
    return copy.deepcopy(raw) | {"steps": steps, "text": assemble([step["text"] for step in steps])}


def test_steps_left_out_doubled_or_moved_are_found(made, bundle_of, table):
    """Also where the text is numbered anew and every remaining sentence is true."""
    steps = made["steps"]
    for at in range(len(steps)):
        _rejected(_retold(made, steps[:at] + steps[at + 1 :]), made, bundle_of(table))
        _rejected(_retold(made, steps[: at + 1] + steps[at:]), made, bundle_of(table))
        for to in range(at):
            moved = [*steps[:to], steps[at], *steps[to:at], *steps[at + 1 :]]
            _rejected(_retold(made, moved), made, bundle_of(table))


def test_observations_left_out_or_made_up_are_found(made, bundle_of, table):
    """A call that the text needs cannot go, even with the rest numbered anew; a made-up one cannot come."""
    used = {ref.split(".")[0] for step in made["steps"] for ref in step["citations"]}
    for at, seen in enumerate(made["observations"]):
        rest = made["observations"][:at] + made["observations"][at + 1 :]
        if seen["id"] in used or at < _last(made):
            _rejected(made | {"observations": rest}, made, bundle_of(table))
        if seen["id"] in used:
            numbered = [o | {"id": f"t{number}"} for number, o in enumerate(rest, start=1)]
            _rejected(made | {"observations": numbered}, made, bundle_of(table))
    invented = {"id": f"t{_last(made) + 2}", "tool": "similar", "args": {"k": 5}, "result": {"k": 5}}
    for more in (invented, invented | {"id": "t1"}, invented | {"tool": "guess"}):
        _rejected(made | {"observations": [*made["observations"], more]}, made, bundle_of(table))


def test_statistics_of_another_value_do_not_place_the_rows(by_rule, bundle_of):
    """An honest call about a value that is not the row's cannot stand behind a sentence about the row."""
    raw, bundle = _json(by_rule("cancer")[0]), bundle_of("cancer")
    at = next(i for i, seen in enumerate(raw["observations"]) if seen["tool"] == "feature_stats")
    args = raw["observations"][at]["args"]
    args |= {"value": 1.01 * raw["row"][args["feature"]]}  # on the same side of everything
    toolbox = Toolbox(bundle, raw["row"])
    raw["observations"][at] |= {"args": args, "result": toolbox.call("feature_stats", args).result}
    evidence = Evidence([Observation(**seen) for seen in raw["observations"]], raw["decision"])
    for step in raw["steps"]:
        step["text"] = render(step["template"], evidence)
    raw["text"] = assemble([step["text"] for step in raw["steps"]])

    assert not _passes(raw, bundle)


def test_another_label_is_found(made, bundle_of, table):
    """A label changed everywhere in the receipt at once, in text, claims and facts."""
    other = next(label for label in made["probabilities"] if label != made["label"])
    quoted = json.dumps(made)
    tampered = json.loads(quoted.replace(f'"{made["label"]}"', f'"{other}"').replace(made["label"], other))

    assert not _passes(tampered, bundle_of(table))


@pytest.mark.parametrize(
    "change",
    [
        {"weight": 0.5},
        {"counted": "llm"},
        {"counted": "combined", "weight": 1.0},
        {"abstained": True},
        {"abstain_below_probability": 1.0},
        {"abstain_below_probability": 1.0, "abstained": True},
        {"agreed": False},
        {"llm": "nobody", "llm_probability": 0.9},
        {"predictor": "nobody"},
        {"weight": -1.0, "counted": "combined"},
    ],
)
def test_a_changed_decision_is_found(made, bundle_of, table, change):
    """The decision is computed again from the probabilities; an abstention needs its sentence."""
    tampered = made | {"decision": made["decision"] | change}
    assert not _passes(tampered, bundle_of(table))


def test_a_disagreement_cannot_be_hidden(bundle_of):
    """Where model and predictor differ, the sentence that says so cannot be left out, nor the decision cleaned."""
    bundle = bundle_of("cancer")
    row = bundle.features_of(int(bundle.held_out()[2][0]))
    first = Classifier.load(bundle, llm="rule").classify(row).label
    other = next(label for label in bundle.schema.labels if label != first)

    def pick(_messages, prefix, options):
        return [option.strip() for option in options].index(f"“{other}”") if prefix == "Label:" else 0

    clf = Classifier(bundle, ScriptedChat(answers=[pick] * 200), decide="llm")
    raw = _json(clf.classify(row))
    at = next(i for i, step in enumerate(raw["steps"]) if step["claims"][0]["kind"] == "disagreement")
    alone = Classifier.load(bundle, llm="rule").classify(row).decision.model_dump()

    assert raw["label"] == other
    assert verify(raw, bundle).ok
    _rejected(_retold(raw, raw["steps"][:at] + raw["steps"][at + 1 :]), raw, bundle)
    _rejected(raw | {"decision": alone}, raw, bundle)


def test_differences_say_where(made, bundle_of, table):
    """The path of the value, what it should be, and what it is."""
    tampered = _put(made, ("observations", 3, "result", "feature"), "age of the moon")
    [failure] = [f for f in verify(_sealed(tampered), bundle_of(table)).failures if f.where == "t4.feature"]

    assert failure.found == "age of the moon"
    assert str(failure).startswith("t4.feature: expected ")


def test_a_stale_digest_is_found_without_a_bundle(made):
    """Any accidental change at all, even of what cannot be recomputed."""
    found = verify(made | {"row_id": "another"}, text_only=True)

    assert [failure.where for failure in found.failures] == ["digest"]


def test_what_is_taken_as_recorded(made, bundle_of, table):
    """Only these may be changed by somebody who seals the receipt again."""
    changed = {"row_id": "x", "notes": ["x"], "llm": {"model": "x"}, "usage": made["usage"] | {"seconds": 9.0}}
    bundle = made["bundle"] | {"path": "elsewhere"}

    assert verify(_sealed(made | changed | {"bundle": bundle}), bundle_of(table)).ok
    assert set(changed) | {"digest"} == TAKEN_AS_RECORDED


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
) | st.sampled_from([10**400, 1e308, "t1", "{t2}", "label"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=ANYTHING)
def test_nothing_in_a_receipt_crashes_the_verifier(made, bundle_of, table, data, value):
    """Any JSON in any place gives differences or a ReceiptError, with the bundle and without."""
    path = data.draw(st.sampled_from([path for path, _ in _paths(made) if path[0] not in TAKEN_AS_RECORDED]))
    tampered = _sealed(_put(made, path, value))
    for options in ({"bundle": bundle_of(table)}, {"text_only": True}):
        try:
            found = verify(tampered, **options)
        except ReceiptError:
            continue
        assert found.ok == (not found.failures)


# -- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        '"text"',
        "null",
        "{}",
        '{"version": NaN}',
        '{"version": 1e999}',
        '{"version": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"row": ' * 2000 + "1" + "}" * 2000,
        '{"row": ' + "[" * 600 + "]" * 600 + "}",
        '{"version": 2}',
        '{"version": 0}',
        "\ud800".encode("utf-8", "surrogatepass"),
        b"\xff\xfe",
    ],
)
def test_what_is_no_receipt_is_refused(tmp_path, content):
    """In one line that names the file, or what is wrong with its content."""
    file = tmp_path / "receipt.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ReceiptError) as error:
        verify(file, text_only=True)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400 + len(str(file))


def test_a_missing_or_huge_file_is_refused(tmp_path):
    """Nothing is read that is larger than any receipt."""
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(receipt.MAX_BYTES + 1)

    with pytest.raises(ReceiptError, match="larger than any receipt"):
        verify(huge, text_only=True)
    with pytest.raises(ReceiptError, match="cannot be read"):
        verify(tmp_path / "none.json", text_only=True)
    with pytest.raises(ReceiptError, match="cannot be read"):
        verify(tmp_path, text_only=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_a_dict_that_is_not_json_is_refused(made, value):
    """NaN, and what only Python has."""
    with pytest.raises(ReceiptError, match="not JSON"):
        verify(made | {"row": {"x": value}}, text_only=True)


def test_a_newer_version_asks_for_an_update(made):
    """It may say things this program does not know."""
    with pytest.raises(ReceiptError, match="Update tallystick"):
        verify(made | {"version": 2})


def test_a_bundle_is_needed_and_must_be_the_one(made, bundle_of, table, tmp_path):
    """No bundle, one that is gone, and another one."""
    nowhere = {"sha256": made["bundle"]["sha256"]}  # whether another test saved this bundle or not
    with pytest.raises(ReceiptError, match="--bundle"):
        verify(_sealed(made | {"bundle": nowhere}))
    with pytest.raises(ReceiptError, match="--text-only"):
        verify(_sealed(made | {"bundle": made["bundle"] | {"path": str(tmp_path / "gone")}}))
    with pytest.raises(ReceiptError, match="without a bundle"):
        verify(_sealed(made | {"bundle": None}))

    other = bundle_of("wine")
    assert "bundle.sha256" in {failure.where for failure in verify(made, other).failures}
    other.save(tmp_path / "other")
    with pytest.raises(ReceiptError, match="--bundle"):
        verify(_sealed(made | {"bundle": made["bundle"] | {"path": str(tmp_path / "other")}}))

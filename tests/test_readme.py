"""The README says what is there and what happens."""

import ast
import contextlib
import io
import json
import re
import runpy
from pathlib import Path

import pytest

from agent.classifier import Classifier
from agent.demo import bundle_and_rows
from agent.explanation.verify import verify
from agent.llm import RuleChat

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def test_the_python_example_prints_what_its_comments_say(tmp_path, monkeypatch):
    """Each `print` of the example prints the comment behind it."""
    monkeypatch.chdir(tmp_path)
    [example] = _blocks("python")
    expected = re.findall(r"^print\(.*\)  # (.*)$", example, re.M)
    out = io.StringIO()

    with contextlib.redirect_stdout(out):
        exec(compile(ast.parse(example), "README.md", "exec"), {})  # noqa: S102 - our own file

    assert out.getvalue().splitlines() == expected
    assert len(expected) == 5


def test_the_conversation_shown_is_a_real_one(tmp_path, monkeypatch):
    """Its answers are those that the demo's bundle gives by rule."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    classifier = Classifier(bundle_and_rows()[0], RuleChat())
    [shown] = [block for block in _blocks("text") if block.startswith("> ")]
    for part in shown.split("> ")[1:]:
        question, *answer = part.splitlines()
        assert classifier.ask(question, session="readme").text.splitlines() == answer


def test_the_explanation_shown_is_a_real_one():
    """It is the text of a stored receipt, whose every word matches its observations."""
    receipt = json.loads((ROOT / "docs" / "example.json").read_text(encoding="utf-8"))

    assert receipt["text"] + "\n" in _blocks("text")
    assert receipt["writer"] == "model"
    assert verify(receipt, text_only=True).ok


def test_the_example_is_recomputed_from_the_same_table(tmp_path):
    """Fitted again, the demo's bundle gives the same contributions and probability."""
    from agent.demo import bundle_and_rows
    from tools.toolbox import Toolbox

    receipt = json.loads((ROOT / "docs" / "example.json").read_text(encoding="utf-8"))
    bundle, rows = bundle_and_rows()
    toolbox = Toolbox(bundle, bundle.schema.check_row(rows.iloc[2]))

    assert toolbox.call("probability", {}).result == pytest.approx(receipt["probabilities"], rel=1e-6)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_exist(target):
    """`make demo` and `make test` are the README's first block and targets of the Makefile."""
    assert f"make {target}" in _blocks("sh")[0]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


def test_the_commands_shown_are_commands():
    """Every `tallystick …` in the README is a command, and its options exist."""
    from typer.main import get_command

    from agent.cli import app

    commands = get_command(app).commands
    for line in re.findall(r"^tallystick (.*)$", "\n".join(_blocks("sh")), re.M):
        name, *words = line.split("#")[0].split()
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_the_table_of_methods_is_made_from_the_summaries():
    """The figures are those of `docs/evaluation` (`make readme` writes them)."""
    assert runpy.run_path(str(ROOT / "docs" / "compared.py"))["table"]() in README


def test_the_tree_is_made_from_the_headings_of_the_modules():
    """One line per file of the packages, with what it is for (`make readme` writes it)."""
    made = runpy.run_path(str(ROOT / "docs" / "tree.py"))["tree"]()

    assert made + "\n" in _blocks("text")

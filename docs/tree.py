"""Write the README's tree of files from the headings of the modules: `make readme`."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ORDER = {
    "tools": "errors table kinds dictionary feature schema models brought metrics predictor attribution knots "
    "statistics neighbours sampling rows storage bundle columns where changes given cohort predictions contributions "
    "interactions counterfactual performance mistakes summaries listing described expression exact calculator "
    "observation forms toolbox kit",
    "agent": "classifier loop prompts weight decision batch estimator known demo console cli",
    "agent/llm": "engine llamacpp llamacpp_child process transformers weights cutter template template_child slots "
    "cache catalog wheels hub dequantize trie calling turns format llama2 forking chat choosers asking prompted server "
    "constraint endpoint masking scripted",
    "agent/conversation": "asking claims evidence compose answer checking database memory",
    "agent/conversation/reading": "understanding spelling units quantities arithmetic names question cues conditions "
    "offers parts calltext grammar bank intent unread",
    "agent/conversation/saying": "words conditions call predictions reasons quality table about contrast tools",
    "agent/commands": "options ask chat sessions showing lines evaluate",
    "agent/explanation": "evidence claims plan reasons wording template writer prose result receipt checks "
    "verify narrate",
    "agent/explanation/parsing": "lexicon lexer patterns groups grammar clause predicates values influences answers "
    "facts assertions parser said claims",
    "agent/explanation/parsing/gist": "state features pushes places answers",
    "agent/explanation/parsing/words": "rows effects labels glue inflect",
    "agent/evaluation": "evaluate run known told faithfulness citing failures usefulness reader scoring metrics "
    "summary report falsification",
    "agent/evaluation/methods": "base label_only chain template few_shot hybrid agents",
}


def tree() -> str:
    """Return a line per file, in reading order."""
    lines = []
    for folder, names in ORDER.items():
        lines.append(f"{folder}/")
        there = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__", "__main__"}
        for name in [*names.split(), *sorted(there - set(names.split()))]:
            source = (ROOT / folder / f"{name}.py").read_text(encoding="utf-8")
            heading = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].replace("\n", " ")
            lines.append(f"    {name + '.py':20} {heading.rstrip('.').replace('`', '')}")
    other = {
        "tests/": "mirrors the modules",
        "notebooks/": "quickstart.ipynb, and comparison.ipynb with other ways to explain; run by the tests",
        "docs/decisions/": "why it is built so, and what was rejected",
    }
    return "\n".join([*lines, *(f"{folder:24} {text}" for folder, text in other.items())])


def main() -> None:
    """Put the tree into the README."""
    readme = ROOT / "README.md"
    before, after = readme.read_text(encoding="utf-8").split("## The files\n")
    fresh = re.sub(r"```text\n.*?```", lambda _: f"```text\n{tree()}\n```", after, count=1, flags=re.S)
    readme.write_text(f"{before}## The files\n{fresh}", encoding="utf-8")


if __name__ == "__main__":
    main()

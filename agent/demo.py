"""The whole story on real data: fit, classify three held-out rows, verify the receipts."""

from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from agent import console
from agent.batch import classify_table
from agent.classifier import Classifier
from agent.explanation.verify import verify
from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.table import write_csv

__all__ = ["DICTIONARY", "bundle_and_rows", "run"]

_MEASURES = {
    "radius": "distance from the centre of a nucleus to its outline",
    "texture": "standard deviation of grey values",
    "perimeter": "length of the outline of a nucleus",
    "area": "area of a nucleus",
    "smoothness": "local variation in radius lengths",
    "compactness": "squared perimeter over area, less one",
    "concavity": "severity of the concave portions of the outline",
    "concave points": "number of concave portions of the outline",
    "symmetry": "asymmetry of a nucleus",
    "fractal dimension": "coastline approximation of the outline, less one",
}
_PARTS = {"mean {}": "mean over the nuclei", "{} error": "standard error", "worst {}": "mean of the three largest"}
# The table's authors state no units, so there are none here.
DICTIONARY = {
    part.format(name): {"description": f"{text}; {scope}"}
    for part, scope in _PARTS.items()
    for name, text in _MEASURES.items()
}
ROWS = 3


def run(out: Path, llm: ForkingChat) -> None:
    """Run the demonstration and leave its files in a folder.

    Parameters
    ----------
    out : Path
        Gets ``bundle/``, ``rows.csv`` and ``receipts/``.
    llm : ForkingChat
        The language model.
    """
    notes, results = console.notes(), console.results()
    notes.print("Fitting a predictor on the Wisconsin breast-cancer table …")
    bundle, rows = bundle_and_rows()
    out.mkdir(parents=True, exist_ok=True)
    write_csv(rows.drop(columns="diagnosis"), out / "rows.csv")
    bundle.save(out / "bundle")
    notes.print(f"Accuracy on {bundle.performance['n']} held-out rows: {bundle.performance['accuracy']:.3f}")
    about = llm.describe()
    notes.print(f"The words are chosen by {'rule' if about is None else about['model']}.")
    clf = Classifier.load(out / "bundle", llm, progress=console.looping)
    for name, explanation in classify_table(clf, rows, receipts=out / "receipts", progress=console.looping):
        console.show_explanation(explanation, name, results)
    results.print(f"True labels: {', '.join(rows['diagnosis'])}.")
    for number in range(len(rows)):
        path = out / "receipts" / f"{number}.json"
        console.show_verification(str(path), verify(path), results)
    notes.print(
        f"\nTry next:\n  tallystick verify {out}/receipts/*.json\n"
        f"  tallystick classify {out}/bundle {out}/rows.csv --top 8 --llm rule\n"
        "  tallystick fit YOUR.csv --target COLUMN --out bundle/"
    )


def bundle_and_rows() -> tuple[Bundle, pd.DataFrame]:
    """Return a bundle of the breast-cancer table, and the rows that were kept out of it, with their labels."""
    data = load_breast_cancer(as_frame=True)
    frame = data.frame.rename(columns={"target": "diagnosis"})
    frame["diagnosis"] = [str(data.target_names[code]) for code in data.target]
    known, new = train_test_split(frame, test_size=ROWS, random_state=6, stratify=frame["diagnosis"])
    bundle = Bundle.fit(known.reset_index(drop=True), "diagnosis", dictionary=DICTIONARY)
    return bundle, new.reset_index(drop=True)

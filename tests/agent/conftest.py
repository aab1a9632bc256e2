"""Classifiers without a language model, and their explanations."""

import pytest

from agent.classifier import Classifier

TABLES = ("cancer", "attrition", "penguins", "biopsy")


@pytest.fixture(scope="session")
def by_rule(bundle_of):
    """Return a function that explains held-out rows of a table by rule: ``by_rule(table, rows, top)``."""
    done = {}

    def explain(table, rows=2, top=4):
        if (table, rows, top) not in done:
            bundle = bundle_of(table)
            clf = Classifier.load(bundle, llm="rule", top=top)
            numbers = bundle.held_out()[2][:rows]
            done[table, rows, top] = [clf.classify(bundle.features_of(int(n)), row_id=str(n)) for n in numbers]
        return done[table, rows, top]

    return explain


@pytest.fixture(params=TABLES)
def table(request):
    """Return each table's name in turn: numbers only; categories; three labels and missing values; missing values."""
    return request.param

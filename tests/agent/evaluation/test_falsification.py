"""Every change of every kind is a change, and is rejected."""

import json

import pytest

from agent.evaluation.falsification import KINDS, changes
from agent.explanation.verify import verify
from tools.errors import ReceiptError

TABLES = ("cancer", "attrition", "penguins", "biopsy")
MOST = 40  # of one kind and receipt; the facts of a receipt alone are some hundreds


@pytest.fixture(scope="module")
def made(by_rule):
    """Return each table's receipt as JSON."""
    return {name: json.loads(by_rule(name)[1].model_dump_json()) for name in TABLES}


def _accepted(receipt, bundle):
    try:
        return verify(receipt, bundle).ok
    except ReceiptError:
        return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_receipt_changed_in_one_place_is_rejected(made, bundle_of, kind):
    """Though it is sealed again and, where words are changed, agrees with itself."""
    tried = 0
    for table, receipt in made.items():
        bundle = bundle_of(table)
        assert _accepted(receipt, bundle)
        found = list(changes(receipt, [kind]))
        for change in found[:: -(-len(found) // MOST) or 1]:
            tried += 1
            assert not _accepted(change.receipt, bundle), (table, change.where)
    assert tried >= 8


def test_a_change_is_one_change(made):
    """The receipt it is made from stays as it was, and every change differs from it."""
    receipt = made["penguins"]
    before = json.dumps(receipt)

    for change in changes(receipt):
        assert change.receipt | {"digest": 0} != receipt | {"digest": 0}
    assert json.dumps(receipt) == before

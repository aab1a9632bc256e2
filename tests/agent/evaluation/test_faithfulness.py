"""Rank, sign and value accuracy, in the published and in the strict form."""

from hypothesis import given
from hypothesis import strategies as st

from agent.evaluation.faithfulness import PARTS, Truth, published, strict, value_coverage
from agent.evaluation.told import Named

amounts = st.lists(
    st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=12, unique_by=lambda x: round(abs(x), 2)
)


def _truth(parts: list[float]) -> Truth:
    ranked = sorted(parts, key=lambda part: -abs(part))
    known = {f"f{rank}": part for rank, part in enumerate(ranked)}
    return Truth(tuple(known), known)


def _told(truth: Truth, top: int) -> list[Named]:
    return [
        Named(feature, rank, 1 if truth.amounts[feature] > 0 else -1, value=True)
        for rank, feature in enumerate(truth.order[:top])
    ]


@given(amounts, st.sampled_from([4, 8]))
def test_a_text_that_tells_all_of_it_is_right_in_every_part(parts, k):
    """Both forms, whatever the contributions are."""
    truth = _truth(parts)

    for form in (published, strict):
        found = form(_told(truth, k), truth, k)
        assert all(found[part] == (min(k, len(parts)), min(k, len(parts))) for part in PARTS)


@given(amounts, st.integers(0, 7), st.sampled_from(["sign", "value"]))
def test_one_wrong_direction_or_value_is_one_error(parts, at, part):
    """And none in the other parts."""
    truth = _truth(parts)
    named = _told(truth, 8)
    at %= len(named)
    one = named[at]
    named[at] = Named(one.feature, one.rank, -one.sign if part == "sign" else one.sign, value=part != "value")

    for form in (published, strict):
        found = form(named, truth, 8)
        assert {p: of - hits for p, (hits, of) in found.items()} == {p: float(p == part) for p in PARTS}


@given(amounts.filter(lambda parts: len(parts) > 1), st.integers(0, 10))
def test_two_swapped_ranks_are_two_errors(parts, at):
    """Swapping neighbours among those named."""
    truth = _truth(parts)
    named = _told(truth, len(parts))
    at %= len(named) - 1
    named[at], named[at + 1] = (
        Named(b.feature, a.rank, b.sign, b.value) for a, b in ((named[at], named[at + 1]), (named[at + 1], named[at]))
    )

    assert strict(named, truth, len(parts))["rank"] == (len(parts) - 2, len(parts))


@given(amounts)
def test_a_missing_feature_is_an_error_in_the_strict_form_alone(parts):
    """The published form does not ask for what is left out."""
    truth = _truth(parts)
    named = _told(truth, 8)[:-1]
    due = min(8, len(parts))

    assert published(named, truth, 8)["sign"] == (due - 1, due - 1)
    assert strict(named, truth, 8)["sign"] == (due - 1, due)


def test_a_feature_that_does_not_exist_is_an_error_in_the_strict_form_alone():
    """In its place, and as one too many."""
    truth = _truth([2.0, -1.0])
    named = [*_told(truth, 2), Named("made up", 2, 1, value=True)]

    assert published(named, truth, 4)["rank"] == (2, 2)
    assert strict(named, truth, 4)["rank"] == (2, 3)
    assert strict([named[0], Named("made up", 1, 1)], truth, 4)["sign"] == (1, 2)


def test_what_a_text_does_not_say_counts_in_the_strict_form_alone():
    """A feature without direction and value."""
    truth = _truth([2.0])

    assert published([Named("f0", 0)], truth, 4) == {"rank": (1, 1), "sign": (0, 0), "value": (0, 0)}
    assert strict([Named("f0", 0)], truth, 4) == {"rank": (1, 1), "sign": (0, 1), "value": (0, 1)}


def test_contributions_that_are_alike_have_each_others_ranks():
    """To six significant digits of the total."""
    truth = Truth(("a", "b", "c"), {"a": 1.0, "b": -1.0, "c": 0.5})

    assert strict([Named("b", 0, -1), Named("a", 1, 1), Named("c", 2, 1)], truth, 4)["rank"] == (3, 3)
    assert strict([Named("c", 0, 1), Named("a", 1, 1), Named("b", 2, -1)], truth, 4)["rank"] == (1, 3)


def test_a_contribution_of_nothing_has_no_direction():
    """Whoever gives it one is wrong, and it is not among those that are due."""
    truth = Truth(("a",), {"a": 1.0, "b": 0.0})

    assert strict([Named("a", 0, 1)], truth, 4)["sign"] == (1, 1)
    assert strict([Named("a", 0, 1), Named("b", 1, 1)], truth, 4)["sign"] == (1, 2)


def test_ranks_beyond_the_first_k_are_not_looked_at():
    """A text that names eight is judged by its first four at K = 4."""
    truth = _truth([8.0, 7.0, 6.0, 5.0, 4.0, 3.0])
    named = [*_told(truth, 4), Named("f5", 4, 1), Named("f4", 5, 1)]

    assert strict(named, truth, 4)["rank"] == (4, 4)
    assert strict(named, truth, 8)["rank"] == (4, 6)


def test_coverage_asks_for_values_not_for_right_ones():
    """Of the four largest."""
    truth = _truth([3.0, 2.0, 1.0])

    assert value_coverage([Named("f0", 0, value=False), Named("f1", 1)], truth) == (1, 3)

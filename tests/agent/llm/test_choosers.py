"""The rule and chance."""

import math
from collections import Counter

from agent.llm import RuleChat, UniformChat

OPTIONS = ["a", "b", "c"]


def test_the_rule_takes_the_first():
    """The first option, whatever it is; all are scored alike; no text."""
    model = RuleChat(temperature=1.0)

    assert model.fork([], "", OPTIONS).index == 0
    assert model.score([], "", OPTIONS) == [-math.log(3)] * 3
    assert model.invoke("Hi").content == ""
    assert model.usage.forks == 2


def test_chance_is_even():
    """Each option is taken about as often as another."""
    model = UniformChat(seed=1)

    taken = Counter(model.fork([], "", OPTIONS).option for _ in range(3000))

    assert all(abs(taken[option] - 1000) < 120 for option in OPTIONS)


def test_chance_repeats_with_its_seed():
    """The seed and the number of the call decide; another seed decides otherwise."""
    one, same, other = ([m.fork([], "", OPTIONS).index for _ in range(20)] for m in map(make, (4, 4, 5)))

    assert one == same
    assert one != other


def make(seed):
    """Return a model of chance."""
    return UniformChat(seed=seed)

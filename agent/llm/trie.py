"""Choosing one of several token sequences along their trie, asking only where they part.

A sequence may begin with another one: each is closed by an end token, so a shorter one is a choice of its own.
Pure functions: the probabilities come from a callable ``ask(path, allowed)`` that returns the log-probabilities of
the allowed next tokens after the common path, renormalised over them.
"""

import heapq
import math
import random
from collections.abc import Callable, Sequence

__all__ = ["best", "sample", "score"]

Ask = Callable[[list[int], list[int]], list[float]]
Choice = tuple[int, list[float | None]]


def score(options: Sequence[Sequence[int]], end: int, ask: Ask) -> list[float]:
    """Return the log-probability of every option: the product along its path through the trie.

    Parameters
    ----------
    options : sequence of sequences of int
        Distinct token sequences.
    end : int
        The token that closes each.
    ask : callable
        ``ask(path, allowed) -> log-probabilities, shape (len(allowed),)``.

    Returns
    -------
    list of float, shape (len(options),)
        Exponentials sum to 1 where those of `ask` do.

    Examples
    --------
    >>> even = lambda path, allowed: [math.log(1 / len(allowed))] * len(allowed)
    >>> [round(math.exp(value), 2) for value in score([[1], [1, 2], [3]], 0, even)]
    [0.25, 0.25, 0.5]
    """
    closed = _close(options, end)
    found = [0.0] * len(closed)
    nodes = [list(range(len(closed)))]
    while nodes:
        node = nodes.pop()
        if len(node) > 1:
            for members, value in _part(closed, node, ask):
                for member in members:
                    found[member] += value
                nodes.append(members)
    return found


def best(options: Sequence[Sequence[int]], end: int, ask: Ask) -> Choice:
    """Return the most probable option, opening branches best first and no more than it takes.

    Returns
    -------
    index : int
        The option with the largest `score`; the first of equals.
    log_probabilities : list of float or None
        None for an option whose branch did not have to be opened.

    Examples
    --------
    >>> even = lambda path, allowed: [math.log(1 / len(allowed))] * len(allowed)
    >>> best([[1, 4], [1, 2], [3]], 0, even)[0]
    2
    """
    closed = _close(options, end)
    found: list[float | None] = [None] * len(closed)
    queue: list[tuple[float, list[int]]] = [(0.0, list(range(len(closed))))]
    while True:
        cost, node = heapq.heappop(queue)
        if len(node) == 1:
            return node[0], found
        for members, value in _part(closed, node, ask):
            heapq.heappush(queue, (cost - value, members))
            if len(members) == 1:
                found[members[0]] = value - cost


def sample(options: Sequence[Sequence[int]], end: int, ask: Ask, temperature: float, source: random.Random) -> Choice:
    """Return an option drawn token by token, each with probability p^(1/temperature), renormalised.

    Returns
    -------
    index : int
        The option drawn.
    log_probabilities : list of float or None
        At temperature 1, of the options met on the way; None for the others.
    """
    closed = _close(options, end)
    found: list[float | None] = [None] * len(closed)
    node, base = list(range(len(closed))), 0.0
    while len(node) > 1:
        parts = _part(closed, node, ask)
        for members, value in parts:
            if len(members) == 1:
                found[members[0]] = base + value
        top = max(value for _, value in parts)
        weights = [math.exp((value - top) / temperature) for _, value in parts]
        node, value = source.choices(parts, weights)[0]
        base += value
    return node[0], found


def _close(options: Sequence[Sequence[int]], end: int) -> list[list[int]]:
    return [[*option, end] for option in options]


def _part(closed: Sequence[Sequence[int]], node: list[int], ask: Ask) -> list[tuple[list[int], float]]:
    """Go down from a node to where its options part; return the branches with their log-probabilities."""
    depth = 0
    while len({closed[member][depth] for member in node}) == 1:
        depth += 1
    branches: dict[int, list[int]] = {}
    for member in node:
        branches.setdefault(closed[member][depth], []).append(member)
    values = ask(list(closed[node[0]][:depth]), list(branches))
    return list(zip(branches.values(), values, strict=True))

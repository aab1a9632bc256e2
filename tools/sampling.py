"""Choose rows so that every label keeps its share; the same rows for the same seed."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["stratified"]


def stratified(y: NDArray[np.int64], size: int, seed: int, at_least: int = 1) -> NDArray[np.int64]:
    """Return about `size` row numbers in ascending order, of each label its share but `at_least` so many.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Label indices.
    size : int
        All rows are returned where there are no more.

    Examples
    --------
    >>> stratified(np.array([0, 0, 0, 0, 1, 1]), 3, seed=0)
    array([2, 3, 5])
    """
    if size >= len(y):
        return np.arange(len(y))
    shuffled = np.random.default_rng(seed).permutation(len(y))
    counts = np.bincount(y)
    wanted = np.maximum(np.round(counts * size / len(y)).astype(int), at_least)
    chosen = [shuffled[y[shuffled] == label][:number] for label, number in enumerate(wanted)]
    return np.sort(np.concatenate(chosen))

"""Which prompt each of an engine's slots holds, so that a prompt goes where most of it already is.

Knows tokens; knows nothing about keys and values, or about who runs the model.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

__all__ = ["Slots", "shared_length"]

LOST_TOKENS = 64  # a prompt that drops no more than this from the end of another one continues it


class Slots:
    """The prompts that the slots of one engine hold."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Start over with empty slots."""
        self._held: list[tuple[int, ...]] = [()] * self._count
        self._used = [0.0] * self._count
        self._busy = [0] * self._count

    @contextlib.contextmanager
    def take(self, prompt: Sequence[int]) -> Iterator[int]:
        """Lend the slot that this prompt continues, else one of the older ones that shares most with it."""
        tokens = tuple(prompt)
        with self._lock:
            slot = self._choose(tokens)
            self._held[slot], self._used[slot] = tokens, time.monotonic()
            self._busy[slot] += 1
        try:
            yield slot
        finally:
            with self._lock:
                self._busy[slot] = max(0, self._busy[slot] - 1)

    def _choose(self, tokens: tuple[int, ...]) -> int:
        free = [slot for slot in range(self._count) if not self._busy[slot]] or list(range(self._count))
        shared = {slot: shared_length(self._held[slot], tokens) for slot in free}
        nearest = max(free, key=shared.__getitem__)
        lost = len(self._held[nearest]) - shared[nearest]
        if shared[nearest] and lost <= max(LOST_TOKENS, len(self._held[nearest]) // 8):
            return nearest
        # Prompts of several stages open alike: those in use stay, the next row takes the place of the row before.
        older = sorted(free, key=self._used.__getitem__)[: max(1, len(free) // 2)]
        return max(older, key=shared.__getitem__)


def shared_length(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two prompts have in common from their start on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))

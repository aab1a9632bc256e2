"""What all verifications have in common: checks are counted, every difference is kept, numbers agree to six digits."""

from collections.abc import Mapping
from typing import Any

from agent.conversation.answer import Answer
from agent.explanation.receipt import canonical, digest, same_number
from agent.explanation.result import Explanation, Failure, Verification
from tools.observation import Observation
from tools.toolbox import Toolbox

__all__ = ["NOTHING", "Checks", "same", "scale_of"]

NOTHING = "nothing"
_LEAST = 1e-9  # scale of a value: differences far below it are rounding noise around 0
_SCALED = {"base", "contribution", "rest", "total", "absolute", "features"}  # relative to the contributions together


class Checks:
    """Counts checks and keeps every difference."""

    def __init__(self) -> None:
        self.count = 0
        self.failures: list[Failure] = []
        self.complete = False

    def expect(self, where: str, holds_true: bool, expected: Any, found: Any) -> None:
        """Count one check, and keep the difference where it failed."""
        self.count += 1
        if not holds_true:
            self.failures.append(Failure(where=where, expected=expected, found=found))

    def equal(self, where: str, expected: Any, found: Any, scale: float = _LEAST) -> None:
        """Compare two JSON values, numbers to six significant digits."""
        if isinstance(expected, Mapping) and isinstance(found, Mapping):
            for key in {**expected, **found}:
                if key in expected and key in found and _exact(key, expected):
                    agree = type(expected[key]) is type(found[key]) and expected[key] == found[key]
                    self.expect(f"{where}.{key}", agree, expected[key], found[key])
                elif key in expected and key in found:
                    self.equal(f"{where}.{key}", expected[key], found[key], scale if key in _SCALED else _LEAST)
                else:
                    self.expect(f"{where}.{key}", False, expected.get(key, NOTHING), found.get(key, NOTHING))
        elif isinstance(expected, list | tuple) and isinstance(found, list | tuple) and len(expected) == len(found):
            for index, (left, right) in enumerate(zip(expected, found, strict=True)):
                self.equal(f"{where}.{index}", left, right, scale)
        else:
            self.expect(where, same(expected, found, scale), expected, found)

    def sealed(self, raw: Mapping[str, Any], made: Explanation | Answer, *, complete: bool) -> None:
        """Check that the receipt has the form it was written in, the recorded outcome of the checks, and the digest."""
        said = made.verification
        outcome = Verification(ok=True, complete=complete, checked=said.checked)
        self.equal("verification", outcome.model_dump(), said.model_dump())
        form = made.model_dump(mode="json")
        if canonical(form) != canonical(raw):
            self.equal("receipt", form, raw)
        odd = set(made.bundle or {}) - {"sha256", "path"}
        self.expect("bundle", not odd, "sha256 and path", sorted(odd))
        self.equal("digest", digest(raw), raw.get("digest", NOTHING))

    def rerun(self, toolbox: Toolbox, seen: Observation) -> Observation:
        """Make a call again, compare what it finds, and return it."""
        again = toolbox.call(seen.tool, seen.args)
        result, expected = seen.result or {}, again.result or {}
        self.equal(seen.id, expected, result, scale_of(seen.tool, expected))
        self.equal(f"{seen.id}.error", again.error, seen.error)
        return again


def scale_of(tool: str, expected: Mapping[str, Any]) -> float:
    """Return how large a result's numbers are together: differences far below that are rounding noise."""
    if tool == "explain":
        return float(expected.get("absolute", 0.0))
    ends = [expected.get("overall", {}).get(end) for end in ("min", "max")] if tool == "feature_stats" else []
    return _LEAST * max((abs(end) for end in ends if end is not None), default=1.0)


def same(expected: Any, found: Any, scale: float) -> bool:
    """Tell whether two JSON scalars agree: counts and texts exactly, other numbers to six significant digits."""
    numbers = isinstance(expected, int | float) and isinstance(found, int | float)
    if numbers and isinstance(expected, int) and not isinstance(expected, bool):
        return not isinstance(found, bool) and bool(expected == found)
    if numbers and not isinstance(expected, bool) and not isinstance(found, bool):
        return same_number(float(expected), float(found), scale)
    return type(expected) is type(found) and bool(expected == found)


def _exact(key: str, expected: Mapping[str, Any]) -> bool:
    """Tell what no machine computes differently: a value or a cell of a row, a contribution of nothing."""
    if key == "value":
        return "metric" not in expected
    return key == "table" or (key == "contribution" and expected[key] == 0)

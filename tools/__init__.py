"""The tools below the agent: deterministic, and of use without any language model."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.bundle import Bundle
    from tools.calculator import calculate
    from tools.kit import toolkit

__all__ = ["Bundle", "calculate", "toolkit"]

_HOME = {"Bundle": "tools.bundle", "calculate": "tools.calculator", "toolkit": "tools.kit"}


def __getattr__(name: str) -> Any:
    """Import on first use: the calculator alone needs neither scikit-learn nor LangChain."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)

"""What `tools` offers to other programs."""

from importlib import import_module

import pytest

import tools
from tools import Bundle
from tools.bundle import Bundle as Original


def test_exports_are_sorted_and_lazy():
    """The names are sorted, come from their modules, and any other name is an attribute error."""
    assert tools.__all__ == sorted(tools.__all__)
    assert Bundle is Original
    with pytest.raises(AttributeError, match="module 'tools' has no attribute 'bundel'"):
        _ = tools.bundel


def test_a_module_does_not_hide_what_is_exported():
    """Whatever was imported before, `tools.toolkit` is the function."""
    import_module("tools.toolbox")
    import_module("tools.kit")

    assert callable(tools.toolkit)
    assert callable(tools.calculate)

"""The examples in docstrings."""

import doctest
import importlib
import pkgutil

import pytest

import avatar_rtc

MODULES = [
    m.name for m in pkgutil.walk_packages(avatar_rtc.__path__, "avatar_rtc.") if "__main__" not in m.name
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0

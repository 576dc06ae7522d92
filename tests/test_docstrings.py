"""Every public name is documented: parameters, types, returns, a one-line summary."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from enum import Enum
from typing import TYPE_CHECKING

import pytest
from numpydoc.validate import validate

import absence_risk

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS = {
    "GL07": "sections in the standard order",
    "GL08": "a docstring",
    "PR01": "every parameter documented",
    "PR02": "no parameter documented that is none",
    "PR04": "every parameter with a type",
    "PR07": "every parameter with a description",
    "PR10": "a space before the colon",
    "RT03": "the return value described",
    "SS03": "a summary that ends with a full stop",
}


def modules() -> list[str]:
    found = pkgutil.walk_packages(absence_risk.__path__, "absence_risk.")
    return ["absence_risk", *(info.name for info in found)]


def public(module: str) -> Iterator[str]:
    """Give the full names of the functions, classes and methods a module offers."""
    loaded = importlib.import_module(module)
    for name in getattr(loaded, "__all__", ()):
        value = getattr(loaded, name)
        if getattr(value, "__module__", None) != module:
            continue
        if inspect.isfunction(value):
            yield f"{module}:{name}"
        elif inspect.isclass(value):
            # Nobody calls the constructor of an enumeration or a protocol.
            if not issubclass(value, Enum) and not getattr(value, "_is_protocol", False):
                yield f"{module}:{name}"
            for member, item in vars(value).items():
                function = getattr(item, "__func__", item)
                if not member.startswith("_") and inspect.isfunction(function):
                    yield f"{module}:{name}.{member}"


@pytest.mark.parametrize("module", modules())
def test_public_names_follow_numpydoc(module):
    wrong = []
    for name in public(module):
        found = validate(name.replace(":", "."))["errors"]
        wrong += [f"{name}: {code} {text}" for code, text in found if code in CHECKS]
    assert not wrong, "\n".join(wrong)


def test_there_is_something_to_check():
    names = [name for module in modules() for name in public(module)]
    assert len(names) > 200
    assert "absence_risk.result:Result.tidy" in names

"""absence_risk: what school-absence data can carry, and what they cannot.

Public names are loaded when first used, so that importing the package is instant.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from absence_risk import (
        disclosure,
        escalation,
        evaluation,
        policy,
        report,
        study,
        survival,
        synthetic,
        thresholds,
    )
    from absence_risk.policy.staircase import Staircase
    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import AbsenceDefinition
    from absence_risk.register.opening import read_register
    from absence_risk.register.readers.totals import read_totals
    from absence_risk.register.register import Register
    from absence_risk.result import Estimand, Estimate, Result, Table, Verdict

__all__ = [
    "AbsenceDefinition",
    "Cube",
    "Estimand",
    "Estimate",
    "Register",
    "Result",
    "SchoolCalendar",
    "Staircase",
    "Table",
    "Verdict",
    "disclosure",
    "escalation",
    "evaluation",
    "policy",
    "read_register",
    "read_totals",
    "report",
    "study",
    "survival",
    "synthetic",
    "thresholds",
]

_HOMES = {
    "AbsenceDefinition": "register.definition",
    "Cube": "register.cube",
    "Estimand": "result",
    "Estimate": "result",
    "Register": "register.register",
    "Result": "result",
    "SchoolCalendar": "register.calendar",
    "Staircase": "policy.staircase",
    "Table": "result",
    "Verdict": "result",
    "read_register": "register.opening",
    "read_totals": "register.readers.totals",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version(__name__)
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        value = importlib.import_module(f"{__name__}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, "__version__"]

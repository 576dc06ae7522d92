"""One self-contained page: verdicts first, then figures and tables.

The parts are loaded when first used, since they need matplotlib and jinja2.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from absence_risk.report.board import write_board
    from absence_risk.report.handover import publish, refuse_existing
    from absence_risk.report.page import figures, write

__all__ = ["figures", "publish", "refuse_existing", "write", "write_board"]

_HOMES = {
    "figures": "page",
    "publish": "handover",
    "refuse_existing": "handover",
    "write": "page",
    "write_board": "board",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__

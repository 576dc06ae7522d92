from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from absence_risk import report
from absence_risk.disclosure import protect
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def make_study() -> Callable[..., Any]:
    """Build a study from the results made by hand for the plots; all four or some claims."""
    path = Path(__file__).parents[1] / "plots" / "example_results.py"
    spec = importlib.util.spec_from_file_location("example_results", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    made = {claim: protect(result) for claim, result in module.all_results().items()}

    def build(*claims: str, **changes: Any) -> Any:
        level = Estimate(term="pupils absent 10 % or more", threshold=0.1, estimate=0.18, n=12000)
        fields: dict[str, Any] = {
            "results": {claim: made[claim] for claim in claims or made},
            "refused": {},
            "levels": Table(name="levels", title="Levels (shares)", rows=(level,)),
            "facts": {"pupils": 12000, "schools": 3, "protected pupils": 2, "absence_rate": 0.071},
            "warnings": ("W504 calendar: A month has few school days.",),
            "definition": "absence in minutes over offered minutes",
            "seed": 7,
            "version": "0.1.0",
        }
        return SimpleNamespace(**(fields | changes))

    return build


@pytest.fixture(scope="session")
def whole_page(make_study: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the page of all four claims once."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    return report.write(make_study(), path).read_text(encoding="utf-8")

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from absence_risk.result import Estimand, Estimate, FlowStep, Result, Table, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def make_result() -> Callable[..., Result]:
    """Build a result round the tables and the flow that a test is about."""

    def build(*tables: Table, flow: tuple[int, ...] = (), **changes: Any) -> Result:
        fields: dict[str, Any] = {
            "estimand": Estimand(
                id="return.cif_week_20", claim="return", formula="f", population="p", unit="share"
            ),
            "estimate": Estimate(term="team", estimate=0.41, conf_low=0.3, conf_high=0.5),
            "benchmark": Estimate(term="no team", estimate=0.21, conf_low=0.1, conf_high=0.3),
            "beyond": Estimate(term="beyond", estimate=0.20, conf_low=0.1, conf_high=0.3),
            "null": 0.0,
            "benchmark_is": "pupils without a team",
            "definition": "all absence, minutes",
            "n": 200,
            "flow": tuple(FlowStep(step=f"step {i}", n=n) for i, n in enumerate(flow)),
            "tables": tables,
            "conf_level": 0.95,
            "method": "m",
            "verdict": Verdict(
                answer="supported", sentence="More pupils returned.", reasons=("r",)
            ),
        }
        return Result(**(fields | changes))

    return build

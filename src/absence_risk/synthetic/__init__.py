"""Simulated municipalities whose truth is known."""

from __future__ import annotations

from absence_risk.synthetic.scenario import Scenario, scenarios
from absence_risk.synthetic.world import World, simulate

__all__ = ["Scenario", "World", "scenarios", "simulate"]

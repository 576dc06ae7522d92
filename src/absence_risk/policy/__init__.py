"""Staircases as data, and their replay on a register."""

from __future__ import annotations

from absence_risk.policy.replay import Replay, replay
from absence_risk.policy.staircase import RunRule, Staircase, Step, presets

__all__ = ["Replay", "RunRule", "Staircase", "Step", "presets", "replay"]

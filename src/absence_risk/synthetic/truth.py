"""What is true of a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from absence_risk.synthetic.world import World

__all__ = ["truth_of"]


def truth_of(world: World) -> dict[str, Any]:
    """Return parameters and estimands."""
    return {"preset": world.scenario.name, "seed": world.seed, "estimands": []}

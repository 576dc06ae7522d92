"""What may leave the house: small cells are suppressed before anything is written."""

from __future__ import annotations

from absence_risk.disclosure.files import gate, scan
from absence_risk.disclosure.suppression import protect, protect_table, small_counts

__all__ = ["gate", "protect", "protect_table", "scan", "small_counts"]

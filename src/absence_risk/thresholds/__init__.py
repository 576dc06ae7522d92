"""Claim 2: does harm break at some share of absence, and what would an alarm there cost."""

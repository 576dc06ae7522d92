"""Staircases as data, and their replay on a register."""

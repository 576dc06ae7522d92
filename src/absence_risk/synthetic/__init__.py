"""Simulated municipalities whose truth is known."""

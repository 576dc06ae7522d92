"""Claim 1: does early valid absence precede later invalid absence."""

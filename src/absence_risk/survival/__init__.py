"""Claim 3: how long until back in school, which endings, which relapses."""

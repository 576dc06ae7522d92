"""Claim 4: did pupils change, and more than they would have anyway."""

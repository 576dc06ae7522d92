"""Readers: one module per layout of files."""

"""Kernels: arrays of numbers in, arrays of numbers out; no frames, no I/O."""

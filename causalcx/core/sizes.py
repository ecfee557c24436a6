"""Numbers that rooms share; light, so that anything may import it."""

DRAWS = 10_000
"""Joint draws behind every figure of a case."""

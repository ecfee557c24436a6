"""Thresholds: the jump at a cutoff, its pictures, and what could speak against it."""

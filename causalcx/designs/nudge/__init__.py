"""Instruments: what a nudge, or agents assigned by chance, moved, and the effect on those whom it moved."""

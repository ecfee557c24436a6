"""One course over time, interrupted: from rows to the effect and what speaks against it."""

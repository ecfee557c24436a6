"""Known truth, design by design: bias, coverage, width and power of every estimator and outcome kind; each module has ``rows(runs, seed)``."""

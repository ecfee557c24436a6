"""The nouns: experiment, metrics, moments, readout, effect, check, case, errors."""

"""Verdicts on design, data and effects: pure functions from facts to :class:`~causalcx.core.check.Check`."""

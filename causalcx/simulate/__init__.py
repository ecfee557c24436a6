"""Data with known truth: a randomised CX company whose population means have closed forms."""

from causalcx.simulate.company import draw_customers, simulate, truth_of, write_company
from causalcx.simulate.population import Effects, Population

__all__ = ["Effects", "Population", "draw_customers", "simulate", "truth_of", "write_company"]

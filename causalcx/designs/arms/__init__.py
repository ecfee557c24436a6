"""Randomised arms: their means and joint covariance, and what is asked of them beside a difference."""

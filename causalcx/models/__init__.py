"""PyMC models that rooms share."""

"""Synthetic controls: weights on donors, what they show, and how far they may be off."""

"""Customers who chose for themselves: nuisances, doubly robust effects, and what speaks against them."""

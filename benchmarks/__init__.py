"""Measurements that are commands: each prints and commits a table with seed, date and machine."""

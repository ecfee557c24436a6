"""Durations: restricted mean times, and those lost from sight."""

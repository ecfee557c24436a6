"""Switchbacks: slots in order, their means, carry-over, schedules and their randomisation."""

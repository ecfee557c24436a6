"""Units that feel each other's change: exposure, own effect, spill-over and total effect."""

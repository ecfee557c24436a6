"""Were the treated chosen by their own outcome? The check `selected-on-outcome`."""

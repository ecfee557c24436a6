"""One file per design: what it needs, and how reduced data become a readout."""

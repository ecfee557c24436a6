"""One file per design: what it needs, and how reduced data become a readout. What a family of designs is made of has a folder."""

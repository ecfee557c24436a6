"""Roll-outs in waves: group-time effects, how they are put together, and what speaks for them."""

"""Before the data: how many units a randomised design needs, who gets which arm, and which design would work at all."""

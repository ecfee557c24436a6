"""``python -m causalcx``."""

from causalcx.cli import main

main()

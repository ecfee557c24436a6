"""The portal for any WSGI server: ``waitress-serve --listen=127.0.0.1:8000 wsgi:app`` in this folder.

CAUSALCX_WORKSPACE names the workspace (default: the folder above this one). There are no accounts: put a login in front
before other machines may reach it, and then set CAUSALCX_ALLOW_REMOTE=1. CAUSALCX_SECRET keeps forms valid over a restart.
"""

import os
from pathlib import Path

from causalcx.web import create_app

app = create_app(Path(os.environ.get("CAUSALCX_WORKSPACE") or Path(__file__).resolve().parent.parent))

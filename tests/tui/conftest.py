from __future__ import annotations

import os

# Before textual is imported: it reads this once.
os.environ["TEXTUAL_ANIMATIONS"] = "none"

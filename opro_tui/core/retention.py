"""How long what was deleted can be brought back."""

from __future__ import annotations

KEPT_DAYS = 30
KEPT_MILLISECONDS = KEPT_DAYS * 86_400_000

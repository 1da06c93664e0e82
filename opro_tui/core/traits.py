"""What tells endpoints apart."""

from __future__ import annotations

TRAITS = ("temperature", "n", "max_tokens", "max_completion_tokens", "reasoning_effort", "system")
"""What an endpoint may refuse or ignore; a trait that is absent is not known yet."""

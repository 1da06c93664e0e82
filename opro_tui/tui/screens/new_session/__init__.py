"""The form for a new session."""

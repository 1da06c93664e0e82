"""Sessions as files: whole ones to import again, and what other programs and people read."""

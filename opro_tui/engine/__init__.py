"""The engine: runs steps, makes calls, and keeps what they bring; `session.Session` is its face."""

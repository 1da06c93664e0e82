"""The store: sessions, kept in SQLite."""

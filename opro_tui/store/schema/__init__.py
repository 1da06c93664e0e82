"""The schema, migration by migration; released ones are never changed, new ones are appended.

Comments inside the statements are kept by SQLite, so `.schema` explains the tables to their users.
"""

NAMES = (
    "m001_initial",
    "m002_measurements",
    "m003_imports",
    "m004_open_calls",
    "m005_continuations",
    "m006_drafts",
    "m007_judgements",
    "m008_critiques",
    "m009_racing",
    "m010_cache",
    "m011_batches",
)
"""Every migration, so that a database that has them all opens without importing them."""

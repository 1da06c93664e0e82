"""Ablations: a search repeated under settings that differ in one thing each, on one budget."""

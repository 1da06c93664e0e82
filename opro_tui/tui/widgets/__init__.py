"""Widgets that know nothing of OPRO: a list of rows, a line of parts, a text with regions."""

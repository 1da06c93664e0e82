"""The commands, one module for one or a few of them."""

"""The workbench and the layers that open over it."""

"""The workbench's panes: each draws one part of a session's state."""

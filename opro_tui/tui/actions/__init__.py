"""The workbench's actions, by area; `screens.workbench` joins them."""

"""The screens: they draw the engine's frozen state and turn keys into edits."""

"""Run the command line with `python -m opro_tui`."""

from opro_tui.cli import main

if __name__ == "__main__":
    main()

"""Our own colours, dark and light; Textual's themes work as well."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="opro-dark",
    primary="#6CB6FF",
    secondary="#B39DFF",
    accent="#FFB454",
    warning="#FFB454",
    error="#FF7B72",
    success="#7EE0C4",
    foreground="#D9DEE7",
    background="#11151C",
    surface="#161B24",
    panel="#1E2531",
    dark=True,
    variables={
        "border": "#3A4557",
        "footer-key-foreground": "#FFB454",
        "footer-description-foreground": "#AEB7C6",
    },
)
LIGHT = Theme(
    name="opro-light",
    primary="#0B5CAD",
    secondary="#6A3FC0",
    accent="#A85400",
    warning="#A85400",
    error="#B3261E",
    success="#00705A",
    foreground="#1C222B",
    background="#FAFAF7",
    surface="#F1F1EC",
    panel="#E4E5E0",
    dark=False,
    variables={
        "border": "#B4B8BF",
        "footer-key-foreground": "#A85400",
        "footer-description-foreground": "#454D59",
    },
)
CONTRAST = Theme(
    name="opro-contrast",
    primary="#5CC8FF",
    secondary="#E0B0FF",
    accent="#FFD400",
    warning="#FFD400",
    error="#FF9A8B",
    success="#5CFFC4",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#1A1A1A",
    dark=True,
    variables={
        "border": "#B8B8B8",
        "footer-key-foreground": "#FFD400",
        "footer-description-foreground": "#FFFFFF",
    },
)
THEMES = (DARK, LIGHT, CONTRAST)
SHORT = {"dark": DARK.name, "light": LIGHT.name, "high-contrast": CONTRAST.name}
"""Other names for ours in the config file."""


def known() -> tuple[str, ...]:
    """Every theme there is, ours first."""
    return (*(theme.name for theme in THEMES), *BUILTIN_THEMES)

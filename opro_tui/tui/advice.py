"""What a person can do about a failure, by its kind."""

from __future__ import annotations

import re

_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"no API key: the environment variable",
        (
            (
                "Leave with q, set the variable in the shell (export NAME=…), and open the session "
                "again: everything is kept."
            ),
            "Or take a model that needs no key: a local server (ollama/…, vllm/…).",
            "`opro-tui doctor` lists which keys are set.",
        ),
    ),
    (
        r"rejects the key|holds characters that no key has",
        (
            "Check that the key belongs to this provider and has not expired.",
            "Leave with q, set it again, and open the session again: everything is kept.",
        ),
    ),
    (
        r"denies access",
        (
            "Check whether the account may use this model, and from where you are.",
            "Then press r: nothing that came back is paid twice.",
        ),
    ),
    (
        r"has no credit left",
        ("Add credit to the account, then press r.", "Or choose another optimizer in settings."),
    ),
    (
        r"does not know this model",
        (
            (
                "Check the model's name, and the URL where you gave one; settings (,) changes the "
                "optimizer's."
            ),
            "The scorer is fixed in a session, for its scores would not compare.",
        ),
    ),
    (
        r"too many requests|is overloaded",
        (
            "Wait a little and press r: nothing that came back is paid twice.",
            (
                "A limit that the endpoint doesn't tell can be stated in the config file: "
                "requests_per_minute, tokens_per_minute under [providers.NAME]."
            ),
        ),
    ),
    (
        r"the connection broke|no answer within|gave up waiting|the endpoint failed",
        (
            "Check that the server runs and can be reached from this machine.",
            "Then press r: nothing that came back is paid twice.",
        ),
    ),
    (
        r"answers with a web page",
        (
            "Check the address: an API's own, mostly ending in /v1, not that of its web site.",
            "Is there a login page or a proxy in between? Then let it pass, and press r.",
        ),
    ),
    (
        r"holds nothing that can be used",
        (
            "Check which API the endpoint speaks: chat completions, Responses or Anthropic's.",
            "Look into its own log: what it answered came whole, and may be billed.",
            "Then press r: it is asked again only for what is missing.",
        ),
    ),
    (
        r"the answer can't be read",
        (
            "Check what lies between: the answer was cut off on its way, or the endpoint failed.",
            "Then press r: nothing that came back is paid twice.",
        ),
    ),
    (
        r"longer than the model reads",
        (
            "Show fewer solutions or exemplars in settings (,), or shorten the meta-prompt (e).",
            "Or choose an optimizer that reads more.",
        ),
    ),
    (
        r"out of disk space|disk is full|database or disk is full",
        ("Free some space, then press r. What was stored is safe.",),
    ),
    (
        r"the database is damaged",
        (
            "Leave, and copy the file with its -wal and -shm neighbours before anything else.",
            "Restore a backup; or save what can still be read: sqlite3 FILE .recover",
            "`opro-tui doctor` says what is damaged.",
        ),
    ),
    (
        r"is not a database|is a database of another program|is a folder",
        ("Leave, and give a database of sessions with --db, or in $OPRO_TUI_DB.",),
    ),
    (
        r"is read-only|cannot be opened|there is no such database",
        ("Check the file's path and permissions, and those of its folder.",),
    ),
    (
        r"database|locked by",
        ("Close other programs that use the database file, then press r.",),
    ),
)
_BY_CODE = {
    "budget": (
        (
            "Nothing was sent that could pass it. Raise budget or budget-tokens in settings "
            "(,), then press r."
        ),
        "Or make steps cheaper: fewer candidates, shorter answers.",
    ),
    "missing": (
        "The answers that came are kept. Press r to ask again only for those that are missing.",
        "Or go on without: a candidate that isn't fully scored can be no best.",
    ),
}
FAULT = "This is a fault of the program."
KEPT = "The session is intact: whatever came back is stored."
_DAMAGED = re.compile(r"database is damaged|is not a database|disk failed")


def advice(code: str, text: str) -> tuple[str, ...]:
    """What to do about a failure, the likeliest first.

    Args:
        code: Of `core.events.Stopped`, where a run ended; else empty.
        text: The error in words.
    """
    found: tuple[str, ...] = ()
    if FAULT not in text:
        found = next((todo for pattern, todo in _KINDS if re.search(pattern, text)), ())
    return (*_BY_CODE.get(code, ()), *found)


def kept(text: str, *, on_bench: bool) -> str:
    """What is still so in spite of a failure; empty where that isn't known.

    Args:
        text: The error in words.
        on_bench: Whether a session is open.
    """
    return KEPT if on_bench and not _DAMAGED.search(text) else ""

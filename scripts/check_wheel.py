"""Build the wheel and use it in a clean environment of every Python that is here; audit the lock.

`python scripts/check_wheel.py`. It fails when the wheel lacks a file, a command or a screen of it
fails, or a locked package has a known vulnerability; what can't be checked here is said aloud.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
SCREEN = """
import asyncio, sys
from pathlib import Path
from opro_tui.config import Config
from opro_tui.tui.app import OproApp

async def main():
    app = OproApp(Path(sys.argv[1]), "demo", Config())
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(500):
            await pilot.pause(0.02)
            if app.steering.prompt is not None:
                return
    sys.exit("the workbench did not open")

asyncio.run(main())
"""


def run(*command: str | Path, **more: object) -> str:
    """Run a command and return what it printed.

    Raises:
        SystemExit: It failed.
    """
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        **more,  # type: ignore[call-overload]
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return str(done.stdout)


def build(folder: Path) -> Path:
    """Build the wheel, and see that it holds every file of the package that git knows."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    (wheel,) = folder.glob("opro_tui-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    known = run("git", "-C", ROOT, "ls-files", "opro_tui").splitlines()
    missing = sorted(set(known) - packed)
    if missing:
        sys.exit(f"the wheel lacks {', '.join(missing)}")
    print(f"wheel: {wheel.name}, {wheel.stat().st_size:,} bytes, {len(known)} files of the package")
    return wheel


def interpreters() -> dict[str, str | None]:
    """Each Python version that we promise, to an interpreter of it; None where none is here."""
    found: dict[str, str | None] = {}
    installed = sorted(Path.home().glob(".pyenv/versions/*/bin/python"))
    for version in VERSIONS:
        if version == f"{sys.version_info.major}.{sys.version_info.minor}":
            found[version] = sys.executable
            continue
        built = [str(p) for p in installed if p.parent.parent.name.startswith(f"{version}.")]
        named = shutil.which(f"python{version}")
        found[version] = next(iter([*built, *([named] if named else [])]), None)
    return found


def use(wheel: Path, interpreter: str, folder: Path) -> str:
    """Install it as a user would, and run the demo, an export, a replay and a screen."""
    run(interpreter, "-m", "venv", folder)
    home = folder / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }
    pip = [name for name in os.environ if name.startswith(("PIP_", "SSL_", "REQUESTS_"))]
    install = environment | {name: os.environ[name] for name in pip}
    python, program = folder / "bin" / "python", folder / "bin" / "opro-tui"
    run(python, "-m", "pip", "install", "-q", "-c", LOCK, wheel, env=install)
    database = home / "s.db"
    here = {"env": environment, "cwd": home}
    run(program, "--db", database, "demo", "--headless", "--steps", "2", "--seed", "1", **here)
    run(program, "--db", database, "export", "demo", "--format", "html", "-o", "demo.html", **here)
    run(program, "--db", database, "replay", "demo", **here)
    run(python, "-c", SCREEN, database, **here)
    return run(program, "--version", **here).strip()


def audit(folder: Path) -> None:
    """Look for known vulnerabilities of what is locked."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "pip-audit>=2.10,<3")
    plain = folder / "lock.txt"
    plain.write_text("".join(line for line in LOCK.open() if not line.startswith("#")))
    command = [python, "-m", "pip_audit", "-r", plain, "--no-deps", "--disable-pip", "-f", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print("pip-audit: SKIPPED, its data can't be reached from here")
        return
    bad = [f"{each['name']} {each['version']}" for each in found if each.get("vulns")]
    if bad:
        sys.exit(f"pip-audit: known vulnerabilities in {', '.join(bad)}")
    looked_up = sum("vulns" in each for each in found)
    if not looked_up:
        print("pip-audit: SKIPPED, no package could be looked up from here")
        return
    print(f"pip-audit: {looked_up} of {len(found)} locked packages looked up, none is bad")


def main() -> None:
    """Check all of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder)
        for version, interpreter in interpreters().items():
            if interpreter is None:
                print(f"Python {version}: SKIPPED, there is none here")
                continue
            said = use(wheel, interpreter, folder / version)
            print(f"Python {version}: {said} installed, demo, export, replay and a screen are well")
        audit(folder / "audit")


if __name__ == "__main__":
    main()

"""The programs that tests need beside Python: installed by apt where that is possible.

    python -m tests.support.needs chromium redis-server

Exits 1 with one sentence where something is missing and cannot be installed: no test is skipped
for it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Program -> packages of Debian and Ubuntu. The browser needs letters to draw.
PACKAGES = {
    "chromium": ["chromium", "fonts-dejavu-core"],
    "node": ["nodejs"],
    "npm": ["npm"],
    "nsd": ["nsd"],
    "redis-server": ["redis-server"],
    "wrk": ["wrk"],
    "xmlsec1": ["xmlsec1"],
}
# What a browser is called elsewhere.
OTHER_NAMES = {"chromium": ["chromium-browser", "google-chrome-stable", "google-chrome"]}
APT = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]


def find(program: str) -> str | None:
    """Return the path of a program; CHROMIUM, as environment variable, names a browser."""
    if program == "chromium" and (chosen := os.environ.get("CHROMIUM")):
        return chosen if Path(chosen).exists() else None
    # Daemons live in sbin, which is not on everybody's path.
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    names = [program, *OTHER_NAMES.get(program, [])]
    return next(filter(None, (shutil.which(name, path=path) for name in names)), None)


def install(programs: list[str]) -> None:
    packages = [package for program in programs for package in PACKAGES[program]]
    print(f"Installing by apt: {' '.join(packages)} …", file=sys.stderr)
    # RUNLEVEL=1: packages of daemons start none.
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run([*APT, "update"], env=quiet, check=False, stdout=subprocess.DEVNULL)
    command = [*APT, "install", "--yes", "--no-install-recommends", *packages]
    subprocess.run(command, env=quiet, check=False, stdout=subprocess.DEVNULL)


def main(programs: list[str]) -> int:
    missing = [program for program in programs if not find(program)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        install(missing)
        missing = [program for program in programs if not find(program)]
    if missing:
        packages = " ".join(package for program in missing for package in PACKAGES[program])
        print(
            f"The tests need {', '.join(missing)}: install it, on Debian by "
            f"`sudo apt-get install {packages}`.",
            file=sys.stderr,
        )
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

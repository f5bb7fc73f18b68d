"""What tests need beside Python packages: a browser, and the library that draws PDF. `python -m tests.system` says what lacks."""

import shutil
import sys
from ctypes.util import find_library

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ADVICE = "run 'make system-packages' as root, or install it with your system's package manager"


def browser() -> str | None:
    """Return the path of a browser that Playwright drives, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def lacking() -> list[str]:
    """Return what is not installed."""
    found = {"Chromium": browser(), "Pango": find_library("pangoft2-1.0")}
    return [what for what, place in found.items() if not place]


if __name__ == "__main__":
    missing = lacking()
    if missing:
        print(f"not installed: {', '.join(missing)}")  # noqa: T201
    sys.exit(bool(missing))

"""The process that makes one copy for `previews`: confined first, then `transcode` is loaded, which reads strangers' files.

It reads one JSON object from stdin and answers with one a line: `{"at_s"}` while it works, at last `{"file", "until_s"}`
or `{"problem"}`. It ends when stdin does: then nobody waits for it.
"""

import json
import os
import sys
from pathlib import Path
from threading import Thread
from typing import Any

from ..errors import ForensicsError
from ..process import sandbox
from ..settings import Settings, load

KINDNESS = 5  # analyses go first


def say(**line: Any) -> None:
    """Tell the parent."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def end_with_stdin() -> None:
    """Wait until the parent has gone, and go."""
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Make the copy that is asked for."""
    request = json.loads(sys.stdin.readline())
    settings = load(flags=request["settings"])
    os.nice(KINDNESS)
    if settings.contained:
        sandbox.contain(Path(request["scratch"]))
    Thread(target=end_with_stdin, daemon=True).start()
    try:
        say(**answer(request, settings))
    except Exception as error:
        if not sandbox.is_shortage(error):
            raise
        say(problem="No copy could be made: it needs more memory than 'memory_mb' allows.")


def answer(request: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return what becomes of a request. What reads media is imported here, when the process is confined."""
    try:
        from ..media.transcode import Limits, copied

        sandbox.limit_data(settings.memory_mb)
        file, until_s = copied(
            request["paths"],
            request["sha256"],
            Path(request["scratch"]),
            settings,
            Limits(request["budget_s"]),
            lambda at_s: say(at_s=at_s),
        )
    except ImportError as error:
        return {
            "problem": f"No copy can be made: {error}; run \"pip install 'media-forensics[web]'\"."
        }
    except ForensicsError as error:
        return {"problem": f"No copy could be made: {error}."}
    return {"file": file.name, "until_s": until_s}


if __name__ == "__main__":
    main()

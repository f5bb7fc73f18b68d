"""The process that makes one copy for `previews`: confined first, then `transcode` is loaded, which reads strangers' files.

It answers with `{"at_s"}` while it works, at last with `{"file", "until_s"}` or `{"problem"}`.
"""

import os
from pathlib import Path
from typing import Any

from ..errors import ForensicsError
from ..process import sandbox
from ..process.child import Send, answer_confined
from ..settings import Settings

KINDNESS = 5  # analyses go first
SHORTAGE = "No copy could be made: it needs more memory than 'memory_mb' allows."


def main() -> None:
    """Make the copy that is asked for."""
    os.nice(KINDNESS)
    answer_confined(answer, SHORTAGE)


def answer(request: dict[str, Any], settings: Settings, send: Send) -> None:
    """Say how far it is, and what becomes of a request."""
    send(result(request, settings, send))


def result(request: dict[str, Any], settings: Settings, send: Send) -> dict[str, Any]:
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
            lambda at_s: send({"at_s": at_s}),
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

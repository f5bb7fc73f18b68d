"""The queue. Whatever writes to it can be imported from here, except `ledger.verdicts.finish`.

    sight ──> queued ──claim──> running ──begin──> LINKED: done        the content has its verdict
                 ▲                 │         ├──> WAIT: queued         another job is at it
                 │                 │         └──> GO ──finish──> done
                 ├── hand_back, reclaim, fail (once more)
                 └── retry <── failed <── fail

Every function takes a session from `database.writing` and the present time.
"""

from .analyses import Begun, BegunState, begin, register_pipeline
from .daemons import beat, start_daemon, stop_daemon
from .leases import Claim, claim, reclaim, renew, unfinished
from .outcomes import fail, hand_back, rescan_stale, retry
from .sightings import (
    SeenFile,
    Sighted,
    compared,
    count_current,
    known_files,
    mark_gone,
    sight,
)

__all__ = [
    "Begun",
    "BegunState",
    "Claim",
    "SeenFile",
    "Sighted",
    "beat",
    "begin",
    "claim",
    "compared",
    "count_current",
    "fail",
    "hand_back",
    "known_files",
    "mark_gone",
    "reclaim",
    "register_pipeline",
    "renew",
    "rescan_stale",
    "retry",
    "sight",
    "start_daemon",
    "stop_daemon",
    "unfinished",
]

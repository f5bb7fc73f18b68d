"""What people and scripts ask. Filters are SQL, and lists go on after the key of the last row, never by offset.

What most callers ask is found here; what few ask stands in the modules beside it.
"""

from .current_results import RESULT_COLUMNS, Result, results
from .history import Judged, Location, Shown, show
from .outcomes import OUTCOME_FIELDS, JobOutcome, ended_jobs, job_outcome
from .queue_status import DaemonLine, JobLine, LastError, Status, job_list, queue, status
from .result_pages import ResultFilter

__all__ = [
    "OUTCOME_FIELDS",
    "RESULT_COLUMNS",
    "DaemonLine",
    "JobLine",
    "JobOutcome",
    "Judged",
    "LastError",
    "Location",
    "Result",
    "ResultFilter",
    "Shown",
    "Status",
    "ended_jobs",
    "job_list",
    "job_outcome",
    "queue",
    "results",
    "show",
    "status",
]

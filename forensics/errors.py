"""The errors that a user can act on. Everything else is a bug and keeps its traceback.

ForensicsError
├── SettingsError        a setting is wrong; names its key and where it was read
├── UsageError           the command line asks for something that does not exist (exit status 2)
├── PluginError          a plugin or detector is unknown, broken or misused
├── WeightsError         weights are missing, or are not what their manifest says
├── StoreError           the database can't be used
│   ├── UnreachableError     it does not answer: worth another try later
│   ├── SchemaError          its schema is older or newer than this program
│   └── LeaseLostError       a job was taken away from whoever reports on it
└── MediaError           one file can't be analysed; `code` says why
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a file could not be analysed; stored with the failed job."""

    UNDECODABLE = "undecodable"
    UNSUPPORTED = "unsupported"
    NO_VIDEO = "no_video"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    BUSY = "busy"
    VANISHED = "vanished"
    CHANGED = "changed"
    TOO_LARGE = "too_large"
    DEADLINE = "deadline"
    WORKER_DIED = "worker_died"
    OUT_OF_MEMORY = "out_of_memory"
    INTERNAL = "internal"


class ForensicsError(Exception):
    """Something the user can act on; its text names what is wrong and what to do next."""


class SettingsError(ForensicsError):
    """A setting has a value that can't be used."""


class UsageError(ForensicsError):
    """The command line asks for something that does not exist."""


class PluginError(ForensicsError):
    """A plugin can't be used."""


class WeightsError(ForensicsError):
    """Weights can't be used."""


class StoreError(ForensicsError):
    """The database can't be used."""


class UnreachableError(StoreError):
    """The database does not answer, or has no room; the same call may succeed later."""


class SchemaError(StoreError):
    """The database's schema is not the one this program works with."""


class LeaseLostError(StoreError):
    """A job's lease ran out and somebody else has it now; what was found is not written."""


class MediaError(ForensicsError):
    """One file can't be analysed."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code

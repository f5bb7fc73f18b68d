"""Where networks run, and with which type of number."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from forensics.errors import SettingsError
from forensics.settings import Settings

BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


@dataclass(frozen=True)
class Place:
    """A device, and the type of number that a trunk computes in there."""

    device: torch.device
    number: torch.dtype

    @property
    def number_name(self) -> str:
        """The number type as a word, e.g. `float16`."""
        return str(self.number).removeprefix("torch.")


def choose(settings: Settings) -> Place:
    """Return where to run: 16-bit floats on CUDA and on CPUs with instructions for them, 32-bit floats elsewhere.

    Raises SettingsError when CUDA is asked for and there is none.
    """
    cuda = torch.cuda.is_available()
    if settings.device == "cuda" and not cuda:
        raise SettingsError("device = 'cuda': no CUDA device can be used; set FORENSICS_DEVICE=cpu")
    if settings.reproducible:
        return Place(torch.device("cpu"), torch.float32)
    if cuda and settings.device != "cpu":
        return Place(torch.device("cuda"), torch.float16)
    fast = has_bfloat16(cpu_flags(Path("/proc/cpuinfo")))
    return Place(torch.device("cpu"), torch.bfloat16 if fast else torch.float32)


def has_bfloat16(flags: frozenset[str]) -> bool:
    """Say whether a CPU computes in bfloat16; without the instructions it is 7 to 20 times slower than 32 bits."""
    return not BFLOAT16_FLAGS.isdisjoint(flags)


def cpu_flags(cpuinfo: Path) -> frozenset[str]:
    """Return the flags of the first CPU in a file of the form of /proc/cpuinfo; none where there is no such file."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())


@contextmanager
def arithmetic(settings: Settings) -> Iterator[None]:
    """Compute with the settings' threads, deterministically if they say so; what was set before comes back after."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    wanted = 1 if settings.reproducible else settings.threads or threads
    torch.set_num_threads(wanted)
    torch.use_deterministic_algorithms(settings.reproducible or deterministic)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)

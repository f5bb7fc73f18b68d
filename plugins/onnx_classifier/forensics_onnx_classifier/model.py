"""A card's ONNX file in onnxruntime: checked against the card before it scores anything."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from forensics.errors import WeightsError
from forensics.plugins.toolkit import is_shortage
from forensics.settings import Settings

from .cards import Card, Layout

Floats = npt.NDArray[np.float64]

NUMBERS: dict[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}
BATCH = 16  # pictures at once, where the model leaves it open
TRIED = 2  # pictures in the trial, where the model leaves it open
ERRORS_ONLY = 3
NOWHERE = (
    os.devnull
)  # weights outside the file are looked for here: the card's hash would not cover them


@dataclass(frozen=True)
class Model:
    """A loaded network. `batch` is the number of pictures it takes at once, None where it takes any number."""

    card: Card
    session: ort.InferenceSession
    input: str
    output: str
    number: type[np.floating[Any]]
    batch: int | None

    @property
    def at_once(self) -> int:
        """How many pictures are given at once."""
        return self.batch or BATCH

    def values(self, pictures: npt.NDArray[np.float32]) -> Floats:
        """Return the (N, C) values of N pictures, at most `at_once`, in the card's layout.

        Raises WeightsError when the model does not give a value for each.
        """
        count = len(pictures)
        short = (self.batch or count) - count
        if short:  # a model made for a fixed number gets the last picture again
            pictures = np.concatenate([pictures, np.repeat(pictures[-1:], short, axis=0)])
        (output,) = self.session.run([self.output], {self.input: pictures.astype(self.number)})
        values = np.asarray(output, np.float64)
        if values.ndim == 0 or len(values) != len(pictures):
            text = f"gives an output of shape {values.shape} for {len(pictures)} pictures"
            raise self.card.error(f"{self.card.file} {text}, not one row for each")
        return values.reshape(len(values), -1)[:count]


def load(card: Card, settings: Settings) -> Model:
    """Return a card's model, after a trial with grey pictures.

    Raises WeightsError when its hash, its input or its output is not what the card says.
    """
    session = opened(card, settings)
    model = fitted(card, session)
    trial = np.zeros((model.batch or TRIED, *shape(card)), np.float32)
    try:
        values = model.values(trial)
    except WeightsError:
        raise
    except Exception as error:
        raise trouble(card, f"can't score {len(trial)} pictures", error) from error
    if values.shape[1] <= card.output.fake:
        text = (
            f"output: key 'fake' is {card.output.fake}, {card.file} gives {values.shape[1]} values"
        )
        raise card.error(text)
    return model


def opened(card: Card, settings: Settings) -> ort.InferenceSession:
    """Return the session of exactly the bytes that the card's hash stands for."""
    try:
        data = card.model.read_bytes()
    except OSError as error:
        raise card.error(f"{card.file} can't be read: {error.strerror}") from error
    actual = hashlib.sha256(data).hexdigest()
    if actual != card.sha256:
        raise card.error(
            f"key 'sha256' is {card.sha256[:12]}.., that of {card.file} is {actual[:12]}..; "
            "if the file is the right one, correct the card"
        )
    try:
        return ort.InferenceSession(data, options(settings), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise trouble(card, "can't be loaded by onnxruntime", error) from error


def options(settings: Settings) -> ort.SessionOptions:
    """Return options under which the same input gives the same output, in no more threads than the settings allow."""
    chosen = ort.SessionOptions()
    chosen.use_deterministic_compute = True
    chosen.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    chosen.inter_op_num_threads = 1
    chosen.intra_op_num_threads = threads(settings)
    chosen.log_severity_level = ERRORS_ONLY
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")
    chosen.add_session_config_entry("session.model_external_initializers_file_folder_path", NOWHERE)
    return chosen


def threads(settings: Settings) -> int:
    """Return the threads of one model, as for every other network in a worker."""
    if settings.reproducible:
        return 1
    return settings.threads or max(len(os.sched_getaffinity(0)) // settings.workers, 1)


def fitted(card: Card, session: ort.InferenceSession) -> Model:
    """Hold the model's input and outputs against the card."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise card.error(f"{card.file} has {len(inputs)} inputs, must have one")
    (taken,) = inputs
    if taken.type not in NUMBERS:
        known = " or ".join(NUMBERS)
        raise card.error(f"{card.file} takes {taken.type}, must take {known}")
    check_shape(card, taken.shape)
    batch = taken.shape[0] if isinstance(taken.shape[0], int) else None
    output = output_name(card, [output.name for output in session.get_outputs()])
    return Model(card, session, taken.name, output, NUMBERS[taken.type], batch)


def check_shape(card: Card, axes: Sequence[object]) -> None:
    """Raise WeightsError unless a model's input, number first, has the card's shape; what it leaves open fits."""
    wanted = shape(card)
    fits = len(axes) == 4 and all(
        not isinstance(have, int) or have == want
        for have, want in zip(axes[1:], wanted, strict=False)
    )
    if not fits:
        expected = (
            f"{card.input.layout} with px {card.input.px} is (N, {', '.join(map(str, wanted))})"
        )
        text = f"{card.file} takes ({', '.join(map(str, axes))})"
        raise card.error(f"input: keys 'layout' and 'px': {expected}, {text}")


def shape(card: Card) -> tuple[int, int, int]:
    """Return the shape of one picture in the card's layout."""
    px = card.input.px
    return (3, px, px) if card.input.layout is Layout.NCHW else (px, px, 3)


def output_name(card: Card, names: Sequence[str]) -> str:
    """Return the name of the output that the card means."""
    name = card.output.name or (names[0] if len(names) == 1 else "")
    if name not in names:
        problem = f"is {name!r}" if name else "is missing"
        raise card.error(f"output: key 'name' {problem}, {card.file} has {', '.join(names)}")
    return name


def trouble(card: Card, text: str, error: Exception) -> Exception:
    """Return the error that names the card; a shortage of memory is no fault of a card's and stays what it is."""
    first = str(error).partition("\n")[0]
    return error if is_shortage(error) else card.error(f"{card.file} {text}: {first}")

"""From a model's values to scores, and from frames' scores to one. Every score is a log-odds of fake."""

import numpy as np
import numpy.typing as npt

from .cards import Card, How, Kind, Pooling

Floats = npt.NDArray[np.float64]

LEAST = 1e-6  # a probability nearer to 0 or 1 counts as this: its logarithm would say more than 32 bits hold
SUM_TOLERANCE = 0.01


def log_odds(values: Floats, card: Card) -> Floats:
    """Return the (N,) scores of (N, C) values: the natural log-odds of fake, which grow with the value that means it.

    `logit`: the value itself, the other columns are not looked at. `logits`: of values before a softmax over all
    columns, ln(p / (1 - p)) of its result, which needs no rounding to 0 or 1. `softmax`: the same of values after it.
    `probability`: ln(p / (1 - p)) of the value alone.

    Raises WeightsError when values are no numbers, or can't be what the card says that they are.
    """
    if not np.isfinite(values).all():
        raise card.error(f"{card.file} gave a value that is not a number")
    fake, kind = values[:, card.output.fake], card.output.kind
    if kind is Kind.LOGIT:
        return fake
    if kind is Kind.LOGITS:
        check_several(values, card)
        others = np.delete(values, card.output.fake, axis=1)  # (N, C - 1)
        scores: Floats = fake - np.logaddexp.reduce(others, axis=1)
        return scores
    if kind is Kind.SOFTMAX:
        check_several(values, card)
        check_sum(values, card)
    if fake.min() < 0 or fake.max() > 1:
        wrong = fake.min() if fake.min() < 0 else fake.max()
        raise misread(card, f"but {card.file} gave {wrong:.4g}: not between 0 and 1")
    p = fake.clip(LEAST, 1 - LEAST)
    return np.asarray(np.log(p) - np.log1p(-p))


def check_several(values: Floats, card: Card) -> None:
    """Refuse a softmax over a single value, which is 1 whatever is seen."""
    if values.shape[1] < 2:
        raise misread(card, f"but {card.file} gives one value: it is a 'logit' or a 'probability'")


def check_sum(values: Floats, card: Card) -> None:
    """Refuse values that are no softmax."""
    sums = values.sum(axis=1)
    worst = sums[np.abs(sums - 1).argmax()]
    if abs(worst - 1) > SUM_TOLERANCE:
        raise misread(card, f"but the values sum to {worst:.4g}, not 1; are they 'logits'?")


def misread(card: Card, text: str) -> Exception:
    """Return the error that says that values are of another kind than the card's."""
    return card.error(f"output: key 'kind' is {card.output.kind.value!r}, {text}")


def pool(scores: Floats, pooling: Pooling) -> float:
    """Return one score for the (N,) scores of a face's or a file's frames, of which there is at least one."""
    if pooling.how is How.MAX:
        return float(scores.max())
    if pooling.how is How.MEDIAN:
        return float(np.median(scores))
    if pooling.how is How.TOP:
        return float(np.sort(scores)[-pooling.top :].mean())
    return float(scores.mean())

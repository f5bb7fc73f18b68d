"""A split is honest when nobody is on both of its sides: no person, no source video, no part."""

from collections.abc import Iterable, Iterator, Sequence

from ..data import TEST, VAL, Crop, DataError
from ..data.identity import people, tied


def check(train: Iterable[Crop], held: Iterable[Crop]) -> None:
    """Raise DataError when the two sides share a person, a source video or a part; it names an example.

    A crop of which neither person nor part is known may be on no side at all.
    """
    seen: dict[tuple[str, str], Crop] = {}
    for crop in train:
        for tie in ties(crop):
            seen.setdefault(tie, crop)
    for crop in held:
        for tie in ties(crop):
            if tie in seen:
                raise leak(tie, seen[tie], crop)


def ties(crop: Crop) -> Iterator[tuple[str, str]]:
    """Yield what may be on one side only; raises DataError when it is not known who is seen.

    The part of a val split's row says nothing where its people are named: it is held out for its split.
    """
    if crop.part < 0 and not crop.identity:
        raise DataError(
            f"{told(crop)} has neither part nor identity, so nobody knows which side it belongs to"
        )
    yield "source video", f"{crop.dataset}/{crop.original}".lstrip("/")
    for person in people(crop.identity):
        yield "person", person
    if crop.part >= 0 and not (crop.split == VAL and crop.identity):
        yield "part", str(crop.part)


def leak(tie: tuple[str, str], trained: Crop, held: Crop) -> DataError:
    """Return the error that names what is on both sides."""
    kind, name = tie
    return DataError(
        f"the split leaks: {kind} {name} is trained on in {told(trained)} and held out in {told(held)}; "
        "give all crops of people who are tied to each other the same part"
    )


def told(crop: Crop) -> str:
    """Name a crop for people."""
    what = crop.video or crop.original
    return f"{crop.place.archive.name}: {what} (part {crop.part})"


def without_tested(crops: Iterable[Crop]) -> list[Crop]:
    """Leave out the rows of a collection's own test split, and everybody who is tied to a person in it."""
    rows = list(crops)
    return without(
        [crop for crop in rows if crop.split != TEST], [c for c in rows if c.split == TEST]
    )


def without(crops: Sequence[Crop], others: Sequence[Crop]) -> list[Crop]:
    """Leave out everybody who is tied to a person in other crops, directly or not."""
    identity_of = tied(crop.identity for crop in (*crops, *others))
    there = {identity_of[name] for crop in others for name in people(crop.identity)}
    return [
        crop
        for crop in crops
        if there.isdisjoint(identity_of[name] for name in people(crop.identity))
    ]

import numpy as np
import pytest
import torch

from forensics.faces.mtcnn import Cascade, around, rows
from forensics.faces.tracking import overlap
from forensics.records import Box

from ..fakes import Picture, face_moving, portrait


@pytest.fixture(scope="module")
def cascade() -> Cascade:
    return Cascade("cpu")


def batch(*pictures: Picture) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures))


def box(row: tuple[float, ...]) -> Box:
    return row[0], row[1], row[2] - row[0], row[3] - row[1]


def test_it_finds_the_face_that_facenet_pytorch_finds(cascade: Cascade) -> None:
    from facenet_pytorch import MTCNN

    boxes, (probability,) = MTCNN(keep_all=True, min_face_size=32).detect(portrait())
    ((mine,),) = rows(cascade.find(batch(portrait()), 32), 1)
    assert overlap(box(mine), box(tuple(boxes[0]))) > 0.85
    assert mine[4] == pytest.approx(probability, abs=0.01)


def test_each_picture_of_a_batch_has_its_own_faces(cascade: Cascade) -> None:
    face, none = portrait(), np.full_like(portrait(), 120)
    by_picture = rows(cascade.find(batch(face, none, face), 32), 3)
    assert [len(boxes) for boxes in by_picture] == [1, 0, 1]
    assert by_picture[0][0] == pytest.approx(by_picture[2][0], abs=0.01)


def test_a_small_face_is_followed_where_a_coarse_search_misses_it(cascade: Cascade) -> None:
    pictures = batch(*(face_moving()(number, 320, 180) for number in (0, 1, 2)))
    ((first,),) = rows(cascade.find(pictures[:1], 32), 1)
    coarser = 1.5 * (first[3] - first[1]) / 32  # half as large again as the face
    assert rows(cascade.find(pictures[1:], 32 * coarser), 2) == [[], []]
    assert [len(boxes) for boxes in cascade.follow(pictures, 32, coarser)] == [1, 1, 1]


def test_a_new_large_face_is_found_in_a_later_picture(cascade: Cascade) -> None:
    face, none = portrait(), np.full_like(portrait(), 120)
    assert [len(boxes) for boxes in cascade.follow(batch(none, face), 32, 2.0)] == [0, 1]


def test_places_around_no_face_are_none(cascade: Cascade) -> None:
    assert len(around(cascade.none(), 3).boxes) == 0

"""The contact sheet of scenarios: what is said of a class, which moment is kept, how large a picture may be."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from automot_ros.base.errors import AutomotError
from automot_ros.evaluation import contact_sheet
from automot_ros.evaluation.contact_sheet import Shot, ability_of, encoded, index_of, picture_of, sentence_of
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Cast
from automot_ros.simulation.scenarios import SCENARIOS


def test_every_class_has_a_sentence_and_most_an_ability():
    for name, cls in SCENARIOS.items():
        sentence = sentence_of(cls)
        assert sentence.endswith(".") and len(sentence) > 20 and "\n" not in sentence, name
    assert ability_of("YieldToEmergencyVehicle") == "Give_Way"
    assert ability_of("EnterActorFlow") == "Merging"  # counts to the traffic signs, too
    assert ability_of("T_Junction") == "Traffic_Signs"
    assert ability_of("Nothing") == "-"


def test_the_index_names_every_class_once_with_its_picture():
    text = index_of(list(SCENARIOS))
    for name in SCENARIOS:
        assert text.count(f"![{name}]({name}.jpg)") == 1


def test_a_picture_full_of_detail_is_made_smaller_until_it_fits():
    noisy = cv2.blur(np.random.default_rng(0).integers(0, 255, (416, 900, 3), dtype=np.uint8), (5, 5))
    assert len(encoded(noisy)) <= contact_sheet.LARGEST_BYTES
    plain = np.full((416, 900, 3), 90, np.uint8)
    assert len(encoded(plain)) < 20_000


def test_a_body_where_the_shot_wants_it_costs_least_then_one_beside_then_one_that_stands():
    def cost(x: float, y: float, speed: float, state: str = "running") -> float:
        cast = Cast(np.random.default_rng(0))
        cast.add(BodyKind.CAR, Pose2(x, y, 0.0)).speed_mps = speed
        world = SimpleNamespace(cast=cast, passages=(), ego=SimpleNamespace(pose_map_to_ego=Pose2(0.0, 0.0, 0.0)),
                                scenarios=(SimpleNamespace(state=state),))
        return contact_sheet._cost(world, Shot(ahead_m=13.0))

    assert cost(13.0, 0.0, 5.0) == 0.0
    assert cost(13.0, 0.0, 5.0) < cost(13.0, 4.0, 5.0) < cost(13.0, 0.0, 0.0) < cost(40.0, 0.0, 5.0)
    assert cost(13.0, 0.0, 5.0, "waiting") > cost(80.0, 0.0, 0.0)


def test_an_unknown_class_is_refused_with_the_known_ones():
    with pytest.raises(AutomotError, match="PedestrianCrossing"):
        picture_of("Nothing", 1)

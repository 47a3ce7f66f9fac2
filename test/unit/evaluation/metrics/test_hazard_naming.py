"""Naming a hazard in time, by hand: what begins an encounter, what names it, and until when that counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automot_ros.evaluation.metrics.hazard_naming import LOOK_S, HazardNaming, Look, naming_summary
from automot_ros.scene.report import Report

FREE = Report(light="none", light_m=None, ahead="free", ahead_m=None, hazard="none", hazard_side="-", hazard_m=None,
              priority="none", turn="straight", do_now="keep", do_1s="keep", do_2s="keep", do_3s="keep",
              reason="free_road")
WALKER = replace(FREE, hazard="walker", hazard_side="left", hazard_m=12, reason="crossing")
CAR = replace(FREE, ahead="car", ahead_m=12, hazard="car", hazard_side="ahead", hazard_m=12, reason="lead_car")


def drive(expert: str, said: str, speeds: list[float] | None = None, aside: list[float] | None = None) -> dict:
    """A look a letter: F free, W walker, C car, - nothing said."""
    reports = {"F": FREE, "W": WALKER, "C": CAR, "-": None}
    naming = HazardNaming()
    for i, (e, s) in enumerate(zip(expert, said, strict=True)):
        there = reports[e]
        assert there is not None
        naming.observe(Look(LOOK_S * i, there, reports[s], (speeds or [8.0] * len(expert))[i],
                            (aside or [0.0] * len(expert))[i]))
    return naming.as_json()


def met(*args, **kwargs) -> list[tuple]:
    return [(e["hazard"], e["at_s"], e["named_s"], e["reacted_s"], e["in_time"])
            for e in drive(*args, **kwargs)["encounters"]]


def test_said_within_a_second_is_in_time_and_later_only_until_the_car_reacts() -> None:
    braking = [8.0, 8.0, 7.7, 7.4, 7.1, 6.8, 6.5, 6.2]  # 1.2 m/s2 from the third look on
    assert met("FWWWWWWW", "FFFFFWWW", braking) == [("walker", 0.25, 1.25, 0.5, True)]
    assert met("FWWWWWWW", "FFFFFFWW", braking) == [("walker", 0.25, 1.5, 0.5, False)]
    assert met("FWWWWWWW", "FFFFFFWW", [8.0] * 6 + [7.7, 7.4]) == [("walker", 0.25, 1.5, 1.5, True)]
    assert met("FWWWWWWW", "FFFFFFWW") == [("walker", 0.25, 1.5, None, True)]
    assert met("FWWWWWWW", "FFFFFFFF", braking) == [("walker", 0.25, None, 0.5, False)]


def test_gentle_braking_is_no_reaction_and_half_a_metre_aside_is() -> None:
    gentle = [8.0 - 0.2 * i for i in range(8)]
    assert met("FWWWWWWW", "FFFFFFWW", gentle)[0][3:] == (None, True)
    assert met("FWWWWWWW", "FFFFFFWW", aside=[0.0, 0.4, -0.6, 0, 0, 0, 0, 0])[0][3:] == (0.5, False)
    assert met("FWWW", "FFFF", [8.0, 7.0, 7.0, 7.0])[0][3] is None, "braking before the first word is no answer to it"


def test_another_hazard_is_none_but_the_right_reason_is_enough() -> None:
    assert met("WWWW", "CCCC") == [("walker", 0.0, None, None, False)]
    naming = HazardNaming()
    for i in range(3):
        naming.observe(Look(LOOK_S * i, WALKER, replace(CAR, reason="crossing"), 8.0, 0.0))
    assert naming.as_json()["encounters"][0]["named_s"] == 0.0
    assert naming.as_json()["agreed"] == 0


def test_what_is_named_once_is_no_encounter_and_a_short_gap_does_not_make_two() -> None:
    assert met("FWFF", "FFFF") == []
    assert [m[1] for m in met("WWFFFWWFF", "FFFFFFFFF")] == [0.0]
    apart = "WW" + 9 * "F" + "WW"  # 2.5 s from the last word to the next
    assert [m[1] for m in met(apart, len(apart) * "F")] == [0.0, 2.75]


def test_two_hazards_are_two_encounters_and_nothing_said_agrees_with_nobody() -> None:
    found = drive("WWCWCC", "-FCCWF")
    assert [(e["hazard"], e["in_time"]) for e in found["encounters"]] == [("walker", True), ("car", True)]
    assert (found["looks"], found["agreed"]) == (6, 1)


def route(scenario: str, hazards: dict | None) -> dict:
    return {"scenario": scenario, "hazards": hazards}


def test_shares_are_over_all_encounters_by_class_and_by_hazard() -> None:
    """Accident: 1 of 2 named, plain: 1 of 1; delays 0 and 0.5 s; all but three, and half, of the looks agree."""
    one = drive("WWFFFFFFFFFFFWWW", "WWFFFFFFFFFFFFFF", aside=[0.0] * 14 + [1.0, 1.0])
    other = drive("CCCC", "FFCC")
    found = naming_summary([route("Accident", one), route("plain", other), route("plain", None)])
    assert found is not None
    assert (found["share"], found["encounters"]) == (pytest.approx(2 / 3, abs=1e-6), 3)
    assert found["by_scenario"] == {"Accident": {"share": 0.5, "encounters": 2},
                                    "plain": {"share": 1.0, "encounters": 1}}
    assert found["by_hazard"]["car"] == {"share": 1.0, "encounters": 1}
    assert found["delay_s"] == 0.25
    assert found["agreement"] == pytest.approx((13 + 2) / 20)


def test_nobody_spoke_or_nothing_was_met() -> None:
    assert naming_summary([route("plain", None)]) is None
    found = naming_summary([route("plain", drive("FF", "FF"))])
    assert found is not None and (found["share"], found["delay_s"], found["agreement"]) == (None, None, 1.0)

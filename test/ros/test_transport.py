"""The bench of the context transport: a row of it for real, and what it calls a miss."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from automot_ros.nodes.transport_bench import measure, misses, row_of
from automot_ros.nodes.transport_end import Numbers, TransportCell


@pytest.mark.ros
def test_contexts_go_from_process_to_process_whole_and_nothing_is_left(tmp_path: Path) -> None:
    before = {p.name for p in Path("/dev/shm").glob("automot_*")}
    row = measure(TransportCell("handle", 5.0, 10.0, 8, str(tmp_path / "cell")), "handle")
    assert (row["sent"], row["corrupted"], row["refused"]) == (8, 0, 0)
    assert row["received"] >= 7
    assert row["p50_ratio"] > 0.5, "faster than half a copy: it did not arrive"
    assert {p.name for p in Path("/dev/shm").glob("automot_*")} - before == set()


def test_a_single_wrong_number_is_noticed() -> None:
    cell = TransportCell("handle", 0.1, 2.0, 1, "")
    keys, values = Numbers(cell.layout)._keys.copy(), Numbers(cell.layout)._values.copy()
    keys[:, :, 0, 0] = values[:, :, 0, 0] = 5
    assert Numbers(cell.layout).are(keys, values, 5)
    assert not Numbers(cell.layout).are(keys, values, 6)
    values[35, 3, -1, -1] ^= 1
    assert not Numbers(cell.layout).are(keys, values, 5)


def test_what_is_lost_corrupted_slow_or_left_is_a_miss() -> None:
    cell = TransportCell("handle", 37.5, 2.0, 4, "")
    took = {"hand_over_s": [0.02] * 3, "memcpy_s": [0.005] * 3, "corrupted": 1, "refused": 0, "sequences": [0, 1, 3]}
    row = row_of(cell, "handle", {"fill_s": [0.005] * 4, "segment": ""}, took)
    assert row["left_in_shared_memory"] == 0
    row["left_in_shared_memory"] = 1
    assert row["lost_sequences"] == [2]
    assert row["with_fill_p50_ratio"] == pytest.approx(5.0)
    assert [line.split(": ")[1] for line in misses([row])] == ["1 corrupted", "1 segments left in shared memory",
                                                               "1 lost", "p50_ratio 4.00 > 2.0"]

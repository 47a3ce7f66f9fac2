"""A bag that was cut off anywhere: what is before the cut is read, and what is missing is said."""

from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.data.bags import BagReader, BagWriter
from automot_ros.data.salvage import CutBag


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "zstd"])
def bag(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, rng = tmp_path_factory.mktemp("bags") / "bag", np.random.default_rng(0)
    with BagWriter(path, compress=request.param) as made:
        made.add_topic("/a", "std_msgs/msg/String")
        kind = made.message_class("std_msgs/msg/String")
        for n in range(300):
            made.write_decoded("/a", 1000 + n, kind(data=f"{n} " + rng.bytes(2000).hex()))
    return path


def test_a_whole_bag_reads_the_same_and_nothing_is_missing(bag: Path) -> None:
    cut = CutBag(bag)
    with BagReader(bag) as whole:
        assert list(cut.raw()) == list(whole.raw())
    assert cut.cut == ""


def test_wherever_it_is_cut_all_before_the_cut_is_read(bag: Path, tmp_path: Path) -> None:
    with BagReader(bag) as whole:
        wanted = list(whole.raw())
    data = next(bag.glob("*.mcap")).read_bytes()
    cuts = [*range(0, 400, 7), *np.random.default_rng(1).integers(0, len(data), 60), *range(len(data) - 40, len(data))]
    last = 0
    for size in sorted(int(n) for n in cuts):
        part = tmp_path / "part.mcap"
        part.write_bytes(data[:size])
        reader = CutBag(part)
        found = list(reader.raw())
        assert found == wanted[: len(found)], size
        assert len(found) >= last, size
        assert "cut off after" in reader.cut, size
        assert reader.messages == len(found)
        last = len(found)
    assert last == len(wanted)


def test_nearly_all_of_the_last_chunk_is_read(bag: Path, tmp_path: Path) -> None:
    data = next(bag.glob("*.mcap")).read_bytes()
    (tmp_path / "part.mcap").write_bytes(data[: len(data) // 2])
    assert len(list(CutBag(tmp_path / "part.mcap").raw())) > 100


def test_changed_bytes_end_the_reading_at_worst(bag: Path, tmp_path: Path) -> None:
    data = bytearray(next(bag.glob("*.mcap")).read_bytes())
    rng = np.random.default_rng(2)
    for place in [*range(8, 200), *rng.integers(200, len(data), 60)]:
        broken = bytearray(data)
        broken[int(place)] ^= int(rng.integers(1, 256))
        (tmp_path / "broken.mcap").write_bytes(broken)
        assert len(list(CutBag(tmp_path / "broken.mcap").raw())) <= 300


@pytest.mark.parametrize("content", [b"SQLite format 3\0", b"\x00" * 20])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mcap").write_bytes(content)
    with pytest.raises(MessageError, match="not an MCAP"):
        CutBag(tmp_path / "x.mcap")


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MessageError, match="no MCAP file"):
        CutBag(tmp_path)

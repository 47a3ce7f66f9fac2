"""Bags: the .mcap file and the metadata.yaml beside it, with messages of which one holds arrays."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np

from automot_ros.data.bags import BagReader, BagWriter
from fuzzing.mutate import any_whole, damaged, renumbered
from fuzzing.subject import Case, Subject, write_case

METADATA = "metadata.yaml"


class Bag(Subject):
    """A whole bag of two topics, read to its last message."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in ("plain", "packed"):
            _write(folder / name, compress=name == "packed")
        self._bags = [{path.name: path.read_bytes() for path in sorted((folder / name).iterdir())}
                      for name in ("plain", "packed")]

    def good(self) -> Case:
        """As it was written."""
        return self._bags[0]

    def draw(self, rng: random.Random) -> Case:
        """One of the two files is another, or missing; or the file of messages ends early."""
        good = rng.choice(self._bags)
        (file,) = (name for name in good if name != METADATA)
        data = good[file]
        kind = rng.randrange(10)
        if kind == 0:
            missing = rng.choice(list(good))
            return {name: content for name, content in good.items() if name != missing}
        if kind < 3:
            change = renumbered if kind == 1 else damaged
            return {**good, METADATA: change(rng, good[METADATA])}
        if kind == 3:
            return {**good, file: data[: rng.randrange(len(data))]}
        if kind < 6:  # a length or an offset of a record that is not its own
            at = rng.randrange(len(data) - 8)
            return {**good, file: data[:at] + any_whole(rng, 0, 2**64 - 1).to_bytes(8, "little") + data[at + 8 :]}
        return {**good, file: damaged(rng, data)}

    def take(self, case: Case) -> None:
        """Open it and read every message."""
        there = self.folder / "case"
        shutil.rmtree(there, ignore_errors=True)
        there.mkdir()
        write_case(case, there)
        with BagReader(there) as bag:
            assert set(bag.counts) == set(bag.topics)
            for message in bag.messages():
                assert message.topic in bag.topics


def _write(path: Path, *, compress: bool) -> None:
    """Four messages of each topic."""
    with BagWriter(path, compress=compress) as bag:
        bag.add_topic("/clock", "rosgraph_msgs/msg/Clock")
        bag.add_topic("/image", "sensor_msgs/msg/Image")
        time, header, image, clock = (bag.message_class(name) for name in (
            "builtin_interfaces/msg/Time", "std_msgs/msg/Header", "sensor_msgs/msg/Image", "rosgraph_msgs/msg/Clock"))
        for n in range(4):
            stamp = time(sec=n, nanosec=0)
            bag.write_decoded("/clock", n * 10**9, clock(clock=stamp))
            bag.write_decoded("/image", n * 10**9, image(
                header=header(stamp=stamp, frame_id="hero"), height=2, width=4, encoding="rgb8", is_bigendian=0,
                step=12, data=np.zeros(24, np.uint8)))

"""Bags: what is written is read, and what is broken is named."""

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.data.bags import BagReader, BagWriter, offered_qos
from automot_ros.data.definitions import CHECKOUT, typestore

STAMP_NS = 1_000_000_000
FLOAT = "std_msgs/msg/Float32"


@pytest.fixture
def bag(tmp_path):
    path = tmp_path / "drive"
    with BagWriter(path) as writer:
        kind = writer.message_class(FLOAT)
        writer.add_topic("/speed", FLOAT)
        writer.add_topic("/other", FLOAT, offered_qos(reliable=True, latched=True))
        for n in range(300):
            writer.write_decoded("/speed", STAMP_NS + n, kind(float(n)))
        writer.write_decoded("/other", STAMP_NS, kind(-1.0))
    return path


def test_messages_come_back_as_written_and_in_order(bag):
    with BagReader(bag) as reader:
        read = list(reader.messages(["/speed"]))
        assert [m.message.data for m in read] == [float(n) for n in range(300)]
        assert [m.stamp_ns for m in read] == [STAMP_NS + n for n in range(300)]
        assert reader.topics == {"/other": FLOAT, "/speed": FLOAT}
        assert reader.counts == {"/other": 1, "/speed": 300}


def test_raw_bytes_come_back_bit_for_bit(bag, tmp_path):
    with BagReader(bag) as reader, BagWriter(tmp_path / "copy", compress=True) as writer:
        for topic, type_name in reader.topics.items():
            writer.add_topic(topic, type_name)
        for raw in reader.raw():
            writer.write(raw.topic, raw.stamp_ns, raw.cdr)
    with BagReader(bag) as first, BagReader(tmp_path / "copy") as second:
        assert list(first.raw(["/speed"])) == list(second.raw(["/speed"]))


def test_our_own_messages_carry_their_definition_in_the_bag(tmp_path):
    name = "automot_ros/msg/FloatTensor"
    with BagWriter(tmp_path / "bag") as writer:
        kind = writer.message_class(name)
        writer.add_topic("/t", name)
        writer.write_decoded("/t", 1, kind(np.array([2, 3], np.uint32), np.arange(6, dtype=np.float32)))
    from rosbags.highlevel import AnyReader

    with AnyReader([tmp_path / "bag"]) as reader:  # no type store is given: the bag must explain itself
        (connection, _, cdr), = reader.messages()
        tensor = reader.deserialize(cdr, connection.msgtype)
        assert tensor.data.reshape(tensor.dims).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_every_message_of_the_package_and_its_interfaces_is_understood():
    store = typestore()
    files = [*CHECKOUT.glob("msg/*.msg"), *CHECKOUT.glob("interfaces/*/msg/*.msg")]
    assert len(files) >= 30
    for path in files:
        package = "automot_ros" if path.parents[1] == CHECKOUT else path.parents[1].name
        assert store.hash_rihs01(f"{package}/msg/{path.stem}").startswith("RIHS01_")


@pytest.mark.parametrize(("name", "digest"), [
    ("carla_msgs/msg/CarlaEgoVehicleControl", "RIHS01_4f251fa2"),
    ("carla_msgs/msg/CarlaEgoVehicleStatus", "RIHS01_3565cc74"),
    ("ackermann_msgs/msg/AckermannDriveStamped", "RIHS01_48ca7612"),
    ("tf2_msgs/msg/TFMessage", "RIHS01_e369d0f0"),
])
def test_interface_packages_have_the_type_hashes_of_upstream(name, digest):
    assert typestore().hash_rihs01(name).startswith(digest)


def test_a_bag_that_is_still_being_written_has_no_name(tmp_path):
    writer = BagWriter(tmp_path / "bag")
    assert not (tmp_path / "bag").exists()
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ["bag"]


def test_an_exception_while_writing_leaves_nothing_behind(tmp_path):
    with pytest.raises(RuntimeError), BagWriter(tmp_path / "bag"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_bag_without_messages_can_be_read(tmp_path):
    with BagWriter(tmp_path / "bag"):
        pass
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.messages()) == []


def test_an_existing_bag_is_not_overwritten(bag):
    with pytest.raises(MessageError, match="exists already"):
        BagWriter(bag)


def test_an_unannounced_topic_and_an_empty_message_are_refused(tmp_path):
    with BagWriter(tmp_path / "bag") as writer:
        with pytest.raises(MessageError, match="/x"):
            writer.write("/x", 1, b"\x00\x01\x00\x00")
        writer.add_topic("/x", FLOAT)
        with pytest.raises(MessageError, match="0 bytes"):
            writer.write("/x", 1, b"")


@pytest.mark.parametrize("name", ["nobody_msgs/msg/Nothing", "std_msgs/Float32", "../../etc/msg/passwd", ""])
def test_a_type_without_definition_is_refused_by_name(tmp_path, name):
    with BagWriter(tmp_path / "bag") as writer, pytest.raises(MessageError):
        writer.add_topic("/x", name)


def test_a_missing_topic_is_named_with_those_that_are_there(bag):
    with BagReader(bag) as reader, pytest.raises(MessageError, match=r"/nothing.*wanted.*/speed"):
        list(reader.messages(["/nothing"]))


@pytest.mark.parametrize("content", [b"", b"not a bag", b"\x89MCAP0\r\n" + b"\x00" * 100])
def test_a_file_that_is_no_bag_is_named(tmp_path, content):
    path = tmp_path / "x.mcap"
    path.write_bytes(content)
    with pytest.raises(MessageError, match=r"x\.mcap"):
        BagReader(path)


def test_a_truncated_bag_is_named(bag):
    file = next(bag.glob("*.mcap"))
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(MessageError, match="drive"), BagReader(bag) as reader:
        list(reader.messages())


def test_damage_in_the_middle_names_the_file_and_never_escapes_as_another_error(bag):
    file = next(bag.glob("*.mcap"))
    whole = file.read_bytes()
    said = []
    for at in range(60, len(whole), max(1, len(whole) // 25)):
        file.write_bytes(whole[:at] + b"\xff" * 8 + whole[at + 8:])
        try:
            with BagReader(bag) as reader:
                list(reader.messages())
        except MessageError as error:
            said.append(str(error))
    assert len(said) > 5
    assert all(str(bag) in text for text in said)


def test_a_message_that_cannot_be_decoded_is_named_by_topic_and_index(tmp_path):
    name = "std_msgs/msg/String"
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/text", name)
        writer.write_decoded("/text", 1, writer.message_class(name)("fine"))
        writer.write("/text", 2, b"\x00\x01\x00\x00\xff\xff\xff\x7f")
    with BagReader(tmp_path / "bag") as reader, pytest.raises(MessageError, match=r"/text \[1\]"):
        list(reader.messages())


def _records(data):
    """Kind, place and length of every record of an MCAP file."""
    at = 8
    while at < len(data) - 8:
        length = int.from_bytes(data[at + 1 : at + 9], "little")
        yield data[at], at, length
        at += 9 + length


@pytest.mark.parametrize(("kind", "offset"), [(0x01, 1), (0x06, 1), (0x0B, 1), (0x06, 9 + 28), (0x08, -16), (0x02, 9)])
def test_a_size_that_the_file_cannot_hold_is_refused_before_it_is_believed(bag, kind, offset):
    (file,) = bag.glob("*.mcap")
    data = bytearray(file.read_bytes())
    at, length = next((at, length) for found, at, length in _records(data) if found == kind)
    place = at + offset if offset > 0 else at + 9 + length + offset
    width = 4 if (kind, offset) == (0x06, 9 + 28) else 8
    data[place : place + width] = (2 ** (8 * width) - 2).to_bytes(width, "little")
    file.write_bytes(data)
    with pytest.raises(MessageError, match=r"claims more than its file holds|where a record begins"):
        BagReader(bag)


def test_metadata_of_other_types_is_refused(bag):
    metadata = bag / "metadata.yaml"
    text = metadata.read_text()
    assert "message_count: 300" in text
    metadata.write_text(text.replace("message_count: 300", "message_count: null", 1))
    with pytest.raises(MessageError, match="got None messages of '/speed', wanted a topic by name, a whole number"):
        BagReader(bag)

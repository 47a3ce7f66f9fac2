"""Images by hand-made bytes: common encodings without copying where the layout allows, JPEG and PNG, and refusals."""

import contextlib
import sys
import types
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy")

from sensor_msgs.msg import CompressedImage, Image

from automot_ros.base.errors import MessageError
from automot_ros.nodes import convert
from automot_ros.nodes.camera_input import CameraInput
from automot_ros.nodes.pictures import announced_size, pixels_from_compressed, pixels_from_msg
from automot_ros.scene.sensing import CameraModel

ENCODED = {"rgb8": [10, 20, 30], "bgr8": [30, 20, 10], "rgba8": [10, 20, 30, 99], "bgra8": [30, 20, 10, 99],
           "mono8": [77]}


def raw(pixel_of: str, padding: int = 0, **change: Any) -> Image:
    """3 x 2 pixels, rows padded with 0xEE."""
    pixel = ENCODED[pixel_of]
    row = pixel * 3 + [0xEE] * padding
    fields = {"width": 3, "height": 2, "step": len(row), "encoding": pixel_of} | change
    message = Image(**fields)
    message.data = convert.byte_array(np.array(row * 2, np.uint8))
    return message


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", ENCODED)
def test_every_common_encoding_is_read_and_what_can_be_is_not_copied(encoding: str, padding: int) -> None:
    message = raw(encoding, padding)
    got = pixels_from_msg(message, (3, 2), "image")
    assert got.shape == (2, 3, 3) and got.dtype == np.uint8
    assert (got == ([77] * 3 if encoding == "mono8" else [10, 20, 30])).all()
    assert not got.flags.writeable
    shares = np.shares_memory(got, np.frombuffer(message.data, np.uint8))
    assert shares == (encoding in ("rgb8", "rgba8", "mono8"))


@pytest.mark.parametrize(("change", "message"), [
    ({"width": 4}, "wrong size in image: got 4x2, wanted 3x2"), ({"step": 8}, "wrong amount of data"),
    ({"height": 2**31}, "wrong size"), ({"step": 2**31}, "wrong amount of data"),
    ({"encoding": "bayer_rggb8"}, "unknown encoding in image: got 'bayer_rggb8', wanted rgb8 .* or cv_bridge")])
def test_a_raw_image_that_is_not_what_it_says_is_refused(change: dict[str, Any], message: str,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    with pytest.raises(MessageError, match=message):
        pixels_from_msg(raw("rgb8", **change), (3, 2), "image")


class BridgeDouble(types.ModuleType):
    """cv_bridge as far as it is called: it answers with `made`, or raises its own error."""

    class CvBridgeError(TypeError):
        """As there."""

    def __init__(self, made: np.ndarray | None) -> None:
        super().__init__("cv_bridge")
        self.made, self.asked = made, ""

    def CvBridge(self) -> "BridgeDouble":
        return self

    def imgmsg_to_cv2(self, message: Image, desired_encoding: str) -> np.ndarray:
        self.asked = f"{message.encoding} {desired_encoding}"
        if self.made is None:
            raise self.CvBridgeError("no such conversion")
        return self.made


def test_rare_encodings_go_through_cv_bridge_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = BridgeDouble(np.full((2, 3, 3), 9, np.uint8))
    monkeypatch.setitem(sys.modules, "cv_bridge", bridge)
    assert (pixels_from_msg(raw("rgb8", encoding="yuv422_yuy2"), (3, 2), "image") == 9).all()
    assert bridge.asked == "yuv422_yuy2 rgb8"
    for made in (None, np.zeros((2, 3), np.uint8), np.zeros((2, 3, 3), np.float32)):
        monkeypatch.setitem(sys.modules, "cv_bridge", BridgeDouble(made))
        with pytest.raises(MessageError, match="encoding cannot be converted in image"):
            pixels_from_msg(raw("rgb8", encoding="16UC1"), (3, 2), "image")


def compressed(suffix: str, rgb: np.ndarray) -> CompressedImage:
    _, data = cv2.imencode(suffix, rgb[:, :, ::-1])
    return CompressedImage(format=f"rgb8; {suffix[1:]} compressed bgr8", data=convert.byte_array(data))


def ramp(width: int = 48, height: int = 32) -> np.ndarray:
    """Red grows to the right, green downwards, blue is even."""
    u, v = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([u, v, np.full_like(u, 40.0)], axis=-1).astype(np.uint8)


def test_a_png_comes_back_to_the_bit_and_a_jpeg_nearly() -> None:
    wanted = ramp()
    assert np.array_equal(pixels_from_compressed(compressed(".png", wanted), (48, 32), "image"), wanted)
    jpeg = pixels_from_compressed(compressed(".jpg", wanted), (48, 32), "image")
    assert np.abs(jpeg.astype(int) - wanted).mean() < 3.0
    assert not jpeg.flags.writeable


def test_a_grey_jpeg_is_a_picture_too() -> None:
    _, data = cv2.imencode(".jpg", np.full((32, 48), 99, np.uint8))
    got = pixels_from_compressed(CompressedImage(format="jpeg", data=convert.byte_array(data)), (48, 32), "image")
    assert got.shape == (32, 48, 3) and (got == 99).all()


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_size_is_known_before_anything_is_decoded(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    message = compressed(suffix, ramp(50, 20))
    assert announced_size(bytes(message.data)) == (50, 20)
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(MessageError, match="wrong size in image: got 50x20, wanted 48x32"):
        pixels_from_compressed(message, (48, 32), "image")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_file_that_is_cut_off_is_refused(suffix: str) -> None:
    message = compressed(suffix, ramp())
    message.data = message.data[: len(message.data) * 2 // 3]
    with pytest.raises(MessageError, match="cut off in image"):
        pixels_from_compressed(message, (48, 32), "image")


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a" + bytes(30), b"\xff\xd8\xff\xe0\xff\xff" + bytes(9)])
def test_what_is_neither_jpeg_nor_png_is_refused(data: bytes) -> None:
    message = CompressedImage(format="jpeg", data=convert.byte_array(np.frombuffer(data, np.uint8)))
    with pytest.raises(MessageError, match=r"unknown compression in image: got 'jpeg'.*wanted jpeg \| png"):
        pixels_from_compressed(message, (48, 32), "image")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@settings(deadline=None)  # the machine may be busy
@given(data=st.data())
def test_altered_bytes_are_a_picture_of_that_size_or_refused(suffix: str, data: st.DataObject) -> None:
    file = bytearray(compressed(suffix, ramp()).data)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(file) - 1), st.integers(0, 255)), max_size=6)):
        file[at] = value
    message = CompressedImage(format="jpeg", data=convert.byte_array(np.frombuffer(bytes(file), np.uint8)))
    with contextlib.suppress(MessageError):
        assert pixels_from_compressed(message, (48, 32), "image").shape == (32, 48, 3)


def test_a_camera_takes_compressed_pictures_with_their_stamp() -> None:
    message = compressed(".png", ramp(512, 256))
    message.header = convert.header(1_500_000_000, "hero/rgb_front")
    frame = CameraInput(CameraModel()).frame(message)
    assert frame.stamp_ns == 1_500_000_000
    assert np.array_equal(frame.image_HW3, ramp(512, 256))

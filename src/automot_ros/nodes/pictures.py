"""Images of ROS as RGB pixels: raw ones by views of the message's own bytes where its layout allows, compressed ones.

Every size is checked before anything is allocated or decoded: what a message claims is hostile until then.
"""

from __future__ import annotations

import importlib
import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from automot_ros.base.errors import MessageError

# encoding -> channels and, for each of red, green, blue, the channel it comes from
_ENCODINGS = {"rgb8": (3, (0, 1, 2)), "rgba8": (4, (0, 1, 2)), "mono8": (1, (0, 0, 0)),
              "bgr8": (3, (2, 1, 0)), "bgra8": (4, (2, 1, 0))}
_PNG_BEGINS, _PNG_ENDS = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"IEND\xaeB`\x82"
_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8\xff", b"\xff\xd9"
_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the markers that tell the size
Size = tuple[int, int]
"""Width and height, pixels."""


def pixels_from_msg(message: Image, size: Size, where: str) -> NDArray[np.uint8]:
    """(H, W, 3) RGB, read-only, of an 8-bit image of `size`; rgb8, rgba8 and mono8 are views, others are copied."""
    if (message.width, message.height) != size:
        raise _wrong_size((message.width, message.height), size, where)
    if message.encoding not in _ENCODINGS:
        return _by_cv_bridge(message, where)
    channels, order = _ENCODINGS[message.encoding]
    if message.step < message.width * channels or len(message.data) != message.height * message.step:
        raise MessageError("wrong amount of data", where=where, got=f"{len(message.data)} bytes, step {message.step}",
                           wanted=f"{message.height} rows of at least {message.width * channels}")
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    pixels = rows[:, : message.width * channels].reshape(message.height, message.width, channels)
    if order == (0, 1, 2):
        image_HW3 = pixels[:, :, :3]
    elif channels == 1:
        return np.broadcast_to(pixels, (message.height, message.width, 3))
    else:
        image_HW3 = _reordered(pixels, order)
    image_HW3.flags.writeable = False
    return image_HW3


def pixels_from_compressed(message: CompressedImage, size: Size, where: str) -> NDArray[np.uint8]:
    """(H, W, 3) RGB, read-only, of a JPEG or PNG of `size`. A file that is cut off is refused."""
    data = bytes(message.data)
    announced = announced_size(data)
    if announced is None:
        raise MessageError("unknown compression", where=where, got=f"{message.format[:32]!r}, {data[:4].hex()}...",
                           wanted="jpeg | png")
    if announced != size:
        raise _wrong_size(announced, size, where)
    if not data.rstrip(b"\0").endswith((_JPEG_ENDS, _PNG_ENDS)):
        raise MessageError("cut off", where=where, got=f"{len(data)} bytes without an end", wanted="a whole file")
    try:
        # As the sensor saw it: a note on the camera's orientation would turn the picture.
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise MessageError("cannot be decoded", where=where, got=str(error)[:100], wanted="jpeg | png") from error
    if bgr is None or bgr.shape != (size[1], size[0], 3):
        raise MessageError("cannot be decoded", where=where, got=f"{len(data)} bytes", wanted="jpeg | png")
    image_HW3 = _reordered(bgr, (2, 1, 0))
    image_HW3.flags.writeable = False
    return image_HW3


def announced_size(data: bytes) -> Size | None:
    """The size that the head of a JPEG or PNG tells; None when it is neither."""
    if data.startswith(_PNG_BEGINS) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    at = 2 if data.startswith(_JPEG_BEGINS) else len(data)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        # Fill bytes stand alone, any other segment before the frame tells its length.
        at += 1 if marker == 0xFF else 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _reordered(pixels_HWC: NDArray[np.uint8], order: tuple[int, ...]) -> NDArray[np.uint8]:
    image_HW3 = np.empty((*pixels_HWC.shape[:2], 3), np.uint8)
    for channel, source in enumerate(order):  # three strided copies take half the time of one fancy index
        image_HW3[:, :, channel] = pixels_HWC[:, :, source]
    return image_HW3


def _by_cv_bridge(message: Image, where: str) -> NDArray[np.uint8]:
    """What is not common, where the ROS installation has cv_bridge."""
    wanted = " | ".join(_ENCODINGS)
    try:
        bridge: Any = importlib.import_module("cv_bridge")
    except ImportError:
        raise MessageError("unknown encoding", where=where, got=repr(message.encoding[:32]),
                           wanted=f"{wanted}, or cv_bridge installed (apt install ros-$ROS_DISTRO-cv-bridge)") from None
    if message.step < message.width or len(message.data) != message.height * message.step:
        raise MessageError("wrong amount of data", where=where, got=f"{len(message.data)} bytes, step {message.step}",
                           wanted=f"{message.height} rows")
    try:
        made = np.asarray(bridge.CvBridge().imgmsg_to_cv2(message, desired_encoding="rgb8"))
    except (bridge.CvBridgeError, cv2.error, ValueError, TypeError, RuntimeError) as error:
        raise MessageError("encoding cannot be converted", where=where, got=repr(message.encoding[:32]),
                           wanted=f"{wanted} ({str(error)[:100]})") from error
    if made.shape != (message.height, message.width, 3) or made.dtype != np.uint8:
        raise MessageError("encoding cannot be converted", where=where, got=f"{made.shape} {made.dtype}",
                           wanted="RGB of 8 bits")
    made.flags.writeable = False
    return made


def _wrong_size(got: Size, wanted: Size, where: str) -> MessageError:
    return MessageError("wrong size", where=where, got=f"{got[0]}x{got[1]}", wanted=f"{wanted[0]}x{wanted[1]}")

"""The OpenGL side of the camera: one context a thread, programs, meshes and frame buffers shared by all renderers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import pairwise

import moderngl
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MachineError
from automot_ros.simulation import camera_meshes, camera_roadside, camera_textures, camera_vehicles, shaders

SMOOTH_SAMPLES = 4
INSTANCE_FLOATS = 12
_MESH_LAYOUT = (("in_position", 3), ("in_normal", 3), ("in_material", 1))
_INSTANCE_LAYOUT = (("box_base", 3), ("box_turn", 2), ("box_size", 3), ("box_color", 4))
_GROUND_LAYOUT = (("in_position", 3), ("in_color", 4))
_SKY_LAYOUT = (("in_direction", 3), ("in_texel", 2))
_TEXTURE_UNITS = {"noise": 0, "windows": 1, "sky": 2}

# Name -> (mesh, program). The order is the order of drawing: what hides much comes first.
LOOKS: dict[str, tuple[Callable[[], camera_meshes.Mesh], str]] = {
    "building": (camera_meshes.cuboid, "building"),
    "car": (camera_meshes.car, "body"),
    "car_far": (camera_meshes.car_far, "body"),
    "truck": (camera_meshes.truck, "body"),
    "bicycle": (camera_meshes.bicycle, "body"),
    "walker": (camera_meshes.walker, "body"),
    "walker_far": (camera_meshes.walker_far, "body"),
    "tree_round": (camera_meshes.tree_round, "body"),
    "crown_round": (camera_meshes.crown_round, "body"),
    "crown_tall": (camera_meshes.crown_tall, "body"),
    "trunk": (camera_meshes.trunk, "body"),
    "pole": (camera_meshes.pole, "body"),
    "beam": (camera_meshes.beam, "body"),
    "sign": (camera_meshes.sign, "body"),
    "housing": (camera_meshes.light_housing, "body"),
    "lamp": (camera_meshes.lamp, "body"),
    "obstacle": (camera_meshes.obstacle, "body"),
    "hatchback": (camera_vehicles.hatchback, "body"),
    "hatchback_far": (camera_vehicles.hatchback_far, "body"),
    "off_roader": (camera_vehicles.off_roader, "body"),
    "off_roader_far": (camera_vehicles.off_roader_far, "body"),
    "van": (camera_vehicles.van, "body"),
    "police_car": (camera_vehicles.police_car, "body"),
    "ambulance": (camera_vehicles.ambulance, "body"),
    "cone": (camera_roadside.cone, "body"),
    "warning_board": (camera_roadside.warning_board, "body"),
    "arrow_board": (camera_roadside.arrow_board, "body"),
    "door": (camera_roadside.door, "body"),
    "door_along": (camera_roadside.door_along, "body"),
    "container": (camera_roadside.container, "body"),
    "advertisement": (camera_roadside.advertisement, "body"),
    "advertisement_along": (camera_roadside.advertisement_along, "body"),
    "column": (camera_roadside.column, "body"),
    "debris": (camera_roadside.debris, "body"),
    "shadow": (camera_meshes.quad, "shadow"),
    "glow": (camera_meshes.quad, "glow"),
}


class GraphicsDevice:
    """An EGL context with everything that does not depend on a map. Use `GraphicsDevice.shared()`."""

    _cache = threading.local()

    def __init__(self) -> None:
        # Mesa reads this once. A picture this small gains nothing from threads, and they would take cores from others.
        os.environ.setdefault("LP_NUM_THREADS", "0")
        try:
            self.context = moderngl.create_standalone_context(backend="egl")  # type: ignore[arg-type]
        except Exception as error:  # the binding raises bare Exception
            raise MachineError(
                "no EGL driver for the camera: run `apt-get install -y libegl1 libgl1-mesa-dri`", where="moderngl",
                got=str(error).splitlines()[0] if str(error) else type(error).__name__,
            ) from error
        c = self.context
        self.programs = {
            name: c.program(_source(f"{name.upper()}_VERTEX"), _source(f"{name.upper()}_FRAGMENT"))
            for name in ("ground", "body", "building", "shadow", "glow", "sky")
        }
        looks, glows = camera_meshes.material_table()
        self.programs["body"]["looks"].write(looks.tobytes())  # type: ignore[union-attr]
        self.programs["body"]["glows"].write(glows.tobytes())  # type: ignore[union-attr]
        self._scene = c.buffer(reserve=192)
        self._scene.bind_to_uniform_block(0)
        for program in self.programs.values():
            program["Scene"].binding = 0  # type: ignore[union-attr]
            for name, unit in _TEXTURE_UNITS.items():
                if name in program:
                    program[name].value = unit  # type: ignore[union-attr]
        self._noise = self.texture(camera_textures.noise(), mipmaps=True)
        self._windows = self.texture(camera_textures.windows(), mipmaps=True)
        self._buffers: dict[str, moderngl.Buffer] = {}
        self._capacity: dict[str, int] = {}
        self._arrays: dict[str, moderngl.VertexArray] = {}
        self._meshes = {name: tuple(c.buffer(part.tobytes()) for part in camera_meshes.welded(mesh()))
                        for name, (mesh, _) in LOOKS.items()}
        self.sky = self._array("sky", [(c.buffer(_sky_ring().tobytes()), _SKY_LAYOUT, "")])
        self._targets: dict[tuple[int, int, int], tuple[moderngl.Framebuffer, moderngl.Framebuffer]] = {}

    @classmethod
    def shared(cls) -> GraphicsDevice:
        """The device of this thread of this process, made at the first call."""
        if getattr(cls._cache, "owner", None) != os.getpid():
            cls._cache.device, cls._cache.owner = cls(), os.getpid()
        device: GraphicsDevice = cls._cache.device
        return device

    def begin(self, scene: NDArray[np.float32], sky: moderngl.Texture) -> None:
        """Set the uniform block that all programs read, and the textures."""
        self._scene.write(scene.tobytes())
        self._scene.bind_to_uniform_block(0)
        for texture, name in ((self._noise, "noise"), (self._windows, "windows"), (sky, "sky")):
            texture.use(_TEXTURE_UNITS[name])

    def texture(self, picture_HWC: NDArray[np.uint8], *, mipmaps: bool = False) -> moderngl.Texture:
        """Upload a picture; one look-up reads one level only, which is all a CPU can afford."""
        height, width, channels = picture_HWC.shape
        texture = self.context.texture((width, height), channels, picture_HWC.tobytes(), alignment=1)
        texture.filter = moderngl.LINEAR, moderngl.LINEAR
        if mipmaps:
            texture.build_mipmaps()
            texture.filter = moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR
        return texture

    def ground(self, vertices_V7: NDArray[np.float32], corners_M: NDArray[np.int32]) -> moderngl.VertexArray:
        """Upload a ground mesh (needs at least one triangle)."""
        return self._array("ground", [(self.context.buffer(vertices_V7.tobytes()), _GROUND_LAYOUT, "")],
                           self.context.buffer(corners_M.tobytes()))

    def draw_instances(self, name: str, rows_N12: NDArray[np.float32]) -> None:
        """Draw one mesh once for each instance row."""
        if len(rows_N12) == 0:
            return
        if len(rows_N12) > self._capacity.get(name, 0):
            self._capacity[name] = max(64, 2 * len(rows_N12))
            self._buffers[name] = self.context.buffer(reserve=self._capacity[name] * INSTANCE_FLOATS * 4, dynamic=True)
            vertices, corners = self._meshes[name]
            self._arrays[name] = self._array(LOOKS[name][1], [(vertices, _MESH_LAYOUT, ""),
                                                              (self._buffers[name], _INSTANCE_LAYOUT, "/i")], corners)
        self._buffers[name].write(rows_N12.tobytes())
        self._arrays[name].render(instances=len(rows_N12))

    def target(self, width: int, height: int, samples: int) -> tuple[moderngl.Framebuffer, moderngl.Framebuffer]:
        """The frame buffer to draw into and the one to read; the same one without multisampling."""
        key = (width, height, samples)
        if key not in self._targets:
            c = self.context
            drawn = c.framebuffer([c.renderbuffer((width, height), 4, samples=samples)],
                                  c.depth_renderbuffer((width, height), samples=samples))
            plain = c.framebuffer([c.renderbuffer((width, height), 4)]) if samples else drawn
            self._targets[key] = drawn, plain
        return self._targets[key]

    def _array(self, program_name: str, parts: list[tuple[moderngl.Buffer, tuple[tuple[str, int], ...], str]],
               corners: moderngl.Buffer | None = None) -> moderngl.VertexArray:
        """Join buffers to a program, skipping what the program does not read."""
        program = self.programs[program_name]
        content = []
        for buffer, layout, per in parts:
            words = [f"{n}f" if name in program else f"{4 * n}x" for name, n in layout]
            content.append((buffer, " ".join(words) + per, *(name for name, _ in layout if name in program)))
        return self.context.vertex_array(program, content, corners)


def _source(name: str) -> str:
    text: str = getattr(shaders, name)
    return text.replace("MATERIALS", str(len(camera_meshes.Material)))


def _sky_ring() -> NDArray[np.float32]:
    """A cylinder round the eye that carries the sky picture, and a lid of its top row."""
    low, high = camera_textures.SKY_LOW, camera_textures.SKY_HIGH
    turn = np.linspace(0.0, 2.0 * np.pi, 49)
    rows = []
    for a, b in pairwise(turn):
        corner = [[np.cos(t), np.sin(t), z, t / (2.0 * np.pi), (z - low) / (high - low)]
                  for t, z in ((a, low), (b, low), (b, high), (a, high))]
        top = [0.0, 0.0, high, 0.5 * (a + b) / (2.0 * np.pi), 1.0]
        rows += [corner[i] for i in (0, 1, 2, 0, 2, 3)] + [corner[3], corner[2], top]
    return np.array(rows, dtype=np.float32)

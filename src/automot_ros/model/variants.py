"""The three sizes of one model: `debug` for tests, `nano` drives the embedded world, `released` holds the authors'.

Every figure of an architecture stands here; the modules read it and hold none of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.errors import ConfigError

BEV_TOKENS = 64
TARGET_TOKENS = 2
STATE_TOKENS = 1
DECISION_TOKENS = 8
ROUTE_TOKENS = 20
WAYPOINT_TOKENS = 6
ACTION_TOKENS = BEV_TOKENS + TARGET_TOKENS + STATE_TOKENS + DECISION_TOKENS + ROUTE_TOKENS + WAYPOINT_TOKENS


@dataclass(frozen=True, kw_only=True, slots=True)
class UnderstandingSize:
    """A Qwen3-VL: language model, vision tower, the frames it sees, and the ids of its special tokens.

    frame_shapes: groups of frames of one size, oldest first: how many, rows and columns of pixels.
    """

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    vocabulary: int
    rope_theta: float
    mrope_section: tuple[int, int, int]
    vision_hidden: int
    vision_depth: int
    vision_heads: int
    vision_mlp: int
    deepstack: tuple[int, ...]
    patch: int
    temporal_patch: int
    merge: int
    vision_positions: int
    frame_shapes: tuple[tuple[int, int, int], ...]
    image_id: int
    video_id: int
    vision_start_id: int
    vision_end_id: int
    initializer_range: float = 0.02

    @property
    def grids(self) -> list[tuple[int, int, int]]:
        """Time, rows and columns of patches of each frame, oldest first."""
        return [(1, height // self.patch, width // self.patch)
                for count, height, width in self.frame_shapes for _ in range(count)]

    @property
    def token_px(self) -> int:
        """Side of the square of pixels behind one token."""
        return self.patch * self.merge

    @property
    def frame_tokens(self) -> tuple[int, ...]:
        """Tokens that each frame becomes after merging, oldest first."""
        return tuple(rows * columns // self.merge**2 for _, rows, columns in self.grids)


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionSize:
    """The action expert. It reads the first `kv_heads` key-value heads of the understanding expert.

    `head_dim` dims of each head are its own; queries and keys are padded with zeros to `key_dim`, the understanding
    expert's head width, so that both kinds of keys meet the same query. `query_width` is the width of the learned
    queries before their projector. `bev` names the encoder: "fusion" or "transfuser". `state_inputs`: 5 for speed,
    context age and motion since the context; 1 for the speed alone. `scaled`: inputs and outputs are scaled to about
    one and the route starts from a curve through the target points; the released weights take and give raw metres.
    """

    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    key_dim: int
    mlp: int
    query_width: int
    bev: str
    bev_width: int
    image_shapes: tuple[tuple[int, int], ...]
    bev_shape: tuple[int, int]
    bev_channels: int
    state_inputs: int
    input_mlp: tuple[int, int]
    head_mlp: tuple[int, int]
    scaled: bool
    stem: tuple[int, int, int] = (16, 32, 64)


@dataclass(frozen=True, kw_only=True, slots=True)
class RefinerSize:
    """The diffusion decoder over waypoints and route."""

    width: int
    layers: int
    heads: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One size of the whole model."""

    name: str
    understanding: UnderstandingSize
    action: ActionSize
    refiner: RefinerSize

    def __post_init__(self) -> None:
        u, a = self.understanding, self.action
        if a.layers != u.layers or a.width != u.hidden:
            raise ConfigError("the experts need as many layers, and the language head one width", where=self.name)
        if a.key_dim != u.head_dim or a.kv_heads > u.kv_heads or a.head_dim > a.key_dim:
            raise ConfigError("the action expert cannot read these keys", where=self.name)
        if a.heads % a.kv_heads or a.heads // a.kv_heads != u.heads // u.kv_heads:
            raise ConfigError("the experts need equally large groups of heads", where=self.name)
        if 2 * sum(u.mrope_section) != u.head_dim:
            raise ConfigError("rotary sections must fill half a head", where=self.name)


_NANO = Variant(
    name="nano",
    understanding=UnderstandingSize(
        hidden=128, layers=4, heads=4, kv_heads=2, head_dim=32, mlp=384, vocabulary=160, rope_theta=10_000.0,
        mrope_section=(6, 5, 5), vision_hidden=96, vision_depth=3, vision_heads=4, vision_mlp=256, deepstack=(0, 1),
        patch=16, temporal_patch=1, merge=2, vision_positions=256, frame_shapes=((3, 64, 256), (1, 96, 512)),
        image_id=3, video_id=4, vision_start_id=5, vision_end_id=6, initializer_range=0.05,
    ),
    action=ActionSize(
        width=128, layers=4, heads=4, kv_heads=2, head_dim=32, key_dim=32, mlp=384, query_width=64, bev="fusion",
        bev_width=128, image_shapes=((48, 128), (64, 192)), bev_shape=(128, 192), bev_channels=2, state_inputs=5,
        input_mlp=(64, 128), head_mlp=(128, 64), scaled=True,
    ),
    refiner=RefinerSize(width=64, layers=3, heads=4),
)

_DEBUG = Variant(
    name="debug",
    understanding=UnderstandingSize(
        hidden=32, layers=2, heads=4, kv_heads=2, head_dim=16, mlp=48, vocabulary=160, rope_theta=10_000.0,
        mrope_section=(4, 2, 2), vision_hidden=16, vision_depth=2, vision_heads=2, vision_mlp=24, deepstack=(0,),
        patch=16, temporal_patch=2, merge=2, vision_positions=16, frame_shapes=((3, 32, 32), (1, 32, 64)),
        image_id=3, video_id=4, vision_start_id=5, vision_end_id=6, initializer_range=0.05,
    ),
    action=ActionSize(
        width=32, layers=2, heads=2, kv_heads=1, head_dim=10, key_dim=16, mlp=48, query_width=12, bev="fusion",
        bev_width=16, image_shapes=((48, 128), (64, 192)), bev_shape=(128, 192), bev_channels=2, state_inputs=5,
        input_mlp=(8, 16), head_mlp=(16, 8), scaled=True, stem=(4, 6, 8),
    ),
    refiner=RefinerSize(width=24, layers=1, heads=2),
)

_RELEASED = Variant(
    name="released",
    understanding=UnderstandingSize(
        hidden=2560, layers=36, heads=32, kv_heads=8, head_dim=128, mlp=9728, vocabulary=151936,
        rope_theta=5_000_000.0, mrope_section=(24, 20, 20), vision_hidden=1024, vision_depth=24, vision_heads=16,
        vision_mlp=4096, deepstack=(5, 11, 17), patch=16, temporal_patch=2, merge=2, vision_positions=2304,
        frame_shapes=((4, 256, 512),), image_id=151655, video_id=151656, vision_start_id=151652,
        vision_end_id=151653,
    ),
    action=ActionSize(
        width=2560, layers=36, heads=16, kv_heads=4, head_dim=80, key_dim=128, mlp=4864, query_width=588,
        bev="transfuser", bev_width=1512, image_shapes=((384, 1024),), bev_shape=(256, 256), bev_channels=1,
        state_inputs=1, input_mlp=(256, 512), head_mlp=(512, 256), scaled=False,
    ),
    refiner=RefinerSize(width=1024, layers=12, heads=16),
)

VARIANTS: dict[str, Variant] = {v.name: v for v in (_DEBUG, _NANO, _RELEASED)}


def variant(name: str) -> Variant:
    """The variant of that name; ConfigError names the known ones."""
    if name not in VARIANTS:
        raise ConfigError("unknown variant", got=name, wanted=" | ".join(VARIANTS))
    return VARIANTS[name]

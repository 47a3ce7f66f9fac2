"""The three experts as policies: observation in, plan out. Each loads its own part of a folder and nothing else.

One thread each, float32, inference mode, no clock and no hidden state that changes a result: the same observation
gives the same plan, to the bit. `compute_s` of a context is left 0 for whoever holds a clock. Each constructor runs
once on blank input, so that the first real call is as fast as the second.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from automot_ros.base.errors import CheckpointError, ConfigError, ContextError, MessageError
from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.action import ActionBatch, ActionExpert, ActionOutput
from automot_ros.model.refiner import ActionRefiner, RefinerDraft
from automot_ros.policy.checkpoint import load_part, load_vocabulary, model_hash, variant_of
from automot_ros.policy.preprocess import (
    CAMERA_SHAPE,
    FRAME_AGES_S,
    FRAME_TOKENS,
    ActionInputs,
    ActionObservation,
    UnderstandingObservation,
    action_inputs,
    understanding_inputs,
)
from automot_ros.policy.vocabulary import PROMPT_TEXT_TOKENS, REPORT_TOKENS
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS, Decision
from automot_ros.scene.plan import Draft
from automot_ros.scene.sensing import LidarModel

REFINER_MODES = ("none", "diffusion")
CONTEXT_CAPACITY = 1 + sum(FRAME_TOKENS) + 2 * len(FRAME_TOKENS) + PROMPT_TEXT_TOKENS + REPORT_TOKENS


class Understanding:
    """The slow expert: four frames and the route in words become a report and the context."""

    def __init__(self, folder: Path) -> None:
        # transformers takes seconds to import; the fast processes import this module and must not pay for it.
        from automot_ros.model.understanding import Understanding as Network

        torch.set_num_threads(1)
        variant = variant_of(folder)
        if variant.understanding.frame_tokens != FRAME_TOKENS:
            raise CheckpointError("frames of another size", where=str(folder), got=variant.name,
                                  wanted=f"{FRAME_TOKENS} tokens")
        self.model_hash = model_hash(folder)
        self._vocabulary = load_vocabulary(folder)
        try:
            self._form = self._vocabulary.report_slots()
        except MessageError as error:
            raise CheckpointError("weights that speak another language", where=str(folder), got=str(error),
                                  wanted="the words of a report") from error
        self._network = Network(variant).eval()
        load_part(folder, "understanding", self._network)
        blank = np.zeros(CAMERA_SHAPE, np.uint8)
        self.understand(UnderstandingObservation(0, (blank,) * len(FRAME_AGES_S), 0.0, "straight in 60 m"), 0, 0,
                        Pose2(0.0, 0.0, 0.0))

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """The context of an observation taken at `pose` (map to ego). Holds the prompt's and the report's tokens."""
        frames, prompt = understanding_inputs(obs, self._vocabulary)
        said, context = self._network.say([torch.from_numpy(group)[None] for group in frames],
                                          torch.from_numpy(prompt)[None], self._form)
        keys = torch.stack([keys[0] for keys in context.keys]).numpy()
        values = torch.stack([values[0] for values in context.values]).numpy()
        return AttentionContext(
            stamp_ns=obs.stamp_ns, epoch=epoch, sequence=sequence, model_hash=self.model_hash, keys_LGTH=keys,
            values_LGTV=values, next_position=int(context.next_position_B[0]), pose_map_to_ego=pose,
            text=self._vocabulary.decode(said[0].tolist()),
        )


class Action:
    """The fast expert: present sensors and a context become a draft."""

    def __init__(self, folder: Path, lidar_position_ego_m: tuple[float, float, float] | None = None) -> None:
        torch.set_num_threads(1)
        variant = variant_of(folder)
        self.model_hash = model_hash(folder)
        self._lidar_m = LidarModel().position_ego_m if lidar_position_ego_m is None else lidar_position_ego_m
        words = load_vocabulary(folder)
        self._longitudinal, self._lateral = words.ids(LONGITUDINAL_WORDS), words.ids(LATERAL_WORDS)
        self._expert = ActionExpert(variant).eval()
        load_part(folder, "action", self._expert)
        self._buffer = self._expert.buffer(CONTEXT_CAPACITY)
        self._loaded: tuple[int, int] | None = None
        self._warm_up()

    def act(self, obs: ActionObservation) -> Draft:
        """The draft of an observation. ContextError when the context is of other weights or another shape."""
        self._load(obs.context)
        inputs = action_inputs(obs, self._lidar_m)
        with torch.inference_mode():
            output = self._expert.step(as_batch(inputs), self._buffer)
        waypoints, route = output.waypoints_B62[0].numpy(), output.route_B202[0].numpy()
        if not (np.all(np.isfinite(waypoints)) and np.all(np.isfinite(route))):
            raise MessageError("the action expert's plan is not finite", where=f"stamp {obs.ego.stamp_ns} ns")
        return Draft(
            ego=obs.ego, waypoints_62=waypoints, route_202=route, speeds_3=output.speeds_B3[0].numpy(),
            decision=self._decision(output), decision_latents_8D=output.decision_latents_B8D[0].numpy(),
            bev_tokens_64D=output.bev_tokens_B64D[0].numpy(), context_epoch=obs.context.epoch,
            context_sequence=obs.context.sequence, context_age_s=obs.context_age_s,
        )

    def _load(self, context: AttentionContext) -> None:
        name = (context.epoch, context.sequence)
        if name == self._loaded:
            return
        if context.model_hash != self.model_hash:
            raise ContextError("context of other weights", got=context.model_hash, wanted=self.model_hash)
        self._loaded = None
        self._buffer.load(_tensor(context.keys_LGTH), _tensor(context.values_LGTV), context.next_position)
        self._loaded = name

    def _decision(self, output: ActionOutput) -> Decision:
        logits_8W = output.decision_logits_B8W[0]
        return Decision(logits_8W[1:7:2, self._longitudinal].softmax(-1).numpy(),
                        logits_8W[2:7:2, self._lateral].softmax(-1).numpy())

    def _warm_up(self) -> None:
        size = self._expert.size
        heads = (size.layers, size.kv_heads, CONTEXT_CAPACITY)
        self._buffer.load(torch.zeros(*heads, size.key_dim), torch.zeros(*heads, size.head_dim), CONTEXT_CAPACITY)
        blank = ActionInputs(tuple(np.zeros((*shape, 3), np.uint8) for shape in size.image_shapes),
                             np.zeros((size.bev_channels, *size.bev_shape), np.uint8), np.zeros((2, 2), np.float32),
                             np.zeros(5, np.float32))
        with torch.inference_mode():
            for _ in range(2):
                self._expert.step(as_batch(blank), self._buffer)


class Refiner:
    """Polishes a draft: `none` gives it back, `diffusion` denoises around it."""

    def __init__(self, folder: Path, mode: str = "diffusion", seed: int = 0) -> None:
        if mode not in REFINER_MODES:
            raise ConfigError("unknown refiner", got=mode, wanted=" | ".join(REFINER_MODES))
        self._seed, self._network = seed, None
        if mode == "diffusion":
            torch.set_num_threads(1)
            self._network = ActionRefiner(variant_of(folder)).eval()
            load_part(folder, "refiner", self._network)

    def refine(self, draft: Draft) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Waypoints (6, 2) and route (20, 2) in the draft's frame. The noise depends on seed and stamp only."""
        if self._network is None:
            return draft.waypoints_62, draft.route_202
        state_5 = np.array([draft.ego.speed_mps, draft.context_age_s, *draft.speeds_3], np.float32)
        tensors = RefinerDraft(*(_tensor(array)[None] for array in (
            draft.waypoints_62, draft.route_202, state_5, draft.bev_tokens_64D, draft.decision_latents_8D)))
        noise = stream(self._seed, "refiner", draft.stamp_ns).standard_normal((1, 2, 2)).astype(np.float32)
        with torch.inference_mode():
            clean = self._network.refine(tensors, torch.from_numpy(noise))
        return clean.waypoints_B62[0].numpy(), clean.route_B202[0].numpy()


def as_batch(inputs: ActionInputs) -> ActionBatch:
    """One sample as a batch."""
    return ActionBatch(tuple(torch.from_numpy(image)[None] for image in inputs.images), *(
        torch.from_numpy(array)[None] for array in (inputs.bev_CXY, inputs.target_points_22, inputs.state_5)))


def _tensor(array: NDArray[np.float32]) -> torch.Tensor:
    """A tensor over the array; read-only arrays (shared memory) are copied first, torch knows no such thing."""
    return torch.from_numpy(np.require(array, np.float32, ["C", "W"]))

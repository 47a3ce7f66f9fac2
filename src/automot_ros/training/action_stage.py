"""Stage 2: the action expert learns to plan and to decide from its own eyes and the frozen expert's context.

Weighted as AutoMoT's action stage: decision 0.4, waypoints 2.0 (near ones more), route 1.0, speeds 0.5; beside them,
what a driver should notice (light, distance ahead, bodies around) is asked directly, which teaches the eyes sooner.
The mood of the camera and the density of points vary, and now and then a sample loses its camera, its points or its
context, so that none of them is leaned on alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.action import ActionBatch, ActionExpert, ActionOutput, Noticed
from automot_ros.policy.preprocess import state_vector
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS
from automot_ros.training import contexts as reading
from automot_ros.training import critical
from automot_ros.training.augment import Augment
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.samples import NO_MAP, SAMPLE_S, UNKNOWN, Labels, Samples
from automot_ros.training.share import Share

_WAYPOINT_WEIGHTS = torch.tensor([3.0, 3.0, 2.0, 2.0, 1.0, 1.0])
_BODY_WEIGHTS = torch.tensor([0.3, 1.0, 2.0, 1.0])


def action_batch(samples: Samples, rows: NDArray[np.int64], context_rows: NDArray[np.int64],
                 augment: Augment | None = None) -> ActionBatch:
    """The inputs of samples, with the age and motion of their contexts."""
    labels = samples.labels
    states = []
    for i, j in zip(rows, context_rows, strict=True):
        now, then = Pose2(*labels.pose[i]), Pose2(*labels.pose[j])
        states.append(state_vector(float(labels.speed[i]), SAMPLE_S * float(i - j), then.inverse().compose(now)))
    images = tuple(torch.from_numpy(samples.pictures[name][rows]) for name in ("wide", "centre"))
    bev = torch.from_numpy(samples.pictures["bev"][rows])
    if augment is not None:
        images = tuple(augment.recolour(image).masked_fill(augment.no_camera[:, None, None, None], 0)
                       for image in images)
        bev = augment.thin(bev)
    return ActionBatch(images, bev, torch.from_numpy(labels.targets[rows]), torch.from_numpy(np.stack(states)))


def context_batch(contexts: reading.ContextSource, rows: NDArray[np.int64],
                  augment: Augment | None = None) -> reading.Batch:
    """The contexts of these samples; those that an augmentation takes away are masked out whole."""
    keys, values, position, mask = contexts.batch(rows)
    if augment is not None and keys[0].shape[2] > 0:
        mask = (~augment.no_context)[:, None].expand(-1, keys[0].shape[2])
    return keys, values, position, mask


def draw_batch(samples: Samples, train: NDArray[np.int64], weights: NDArray[np.float64], size: int,
               rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64], Augment]:
    """This process's part of a batch: samples, the samples whose contexts they read, and how they are varied."""
    rows = train[rng.choice(len(train), size, p=weights)]
    read, augment = reading.drawn(samples, rows, rng), Augment.draw(size, rng)
    part = Share.here().part
    return rows[part], read[part], augment.part(part)


def decisions_of(labels: Labels) -> NDArray[np.int64]:
    """(N, 8) token ids of the expert's decisions."""
    vocabulary = Vocabulary.nano()
    return np.array([
        vocabulary.decision([(LONGITUDINAL_WORDS[a], LATERAL_WORDS[b]) for a, b in zip(lon, lat, strict=True)])
        for lon, lat in zip(labels.longitudinal, labels.lateral, strict=True)])


def action_loss(out: ActionOutput, samples: Samples, decisions: NDArray[np.int64],
                rows: NDArray[np.int64]) -> tuple[Tensor, dict[str, float]]:
    """The whole loss (see the module's text) and its parts."""
    def label(column: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(column[rows]))

    labels = samples.labels
    wanted, route = label(labels.waypoints), label(labels.route)
    error = (_offsets(out.waypoints_B62) - _offsets(wanted)).abs().sum(-1)
    waypoint = (error * _WAYPOINT_WEIGHTS).mean() + 0.3 * (out.waypoints_B62 - wanted).abs().mean()
    path = (out.route_B202 - route).abs().sum(-1).mean()
    speed = F.smooth_l1_loss(out.speeds_B3, label(labels.speeds))
    decision = F.cross_entropy(out.decision_logits_B8W.flatten(0, 1), torch.from_numpy(decisions[rows]).flatten())
    loss = 0.4 * decision + 2.0 * waypoint + path + 0.5 * speed
    figures = {"waypoint": float(waypoint.detach()), "route": float(path.detach()), "speed": float(speed.detach()),
               "decision": float(decision.detach())}
    if out.noticed is not None:
        seen, more = _noticed_loss(out.noticed, samples, rows)
        loss, figures = loss + seen, figures | more
    return loss, figures


def _noticed_loss(noticed: Noticed, samples: Samples, rows: NDArray[np.int64]) -> tuple[Tensor, dict[str, float]]:
    """Every term is a sum over what is known, divided by the batch: halves of a batch average to the whole."""
    labels, batch = samples.labels, len(rows)
    light = torch.from_numpy(labels.light[rows])
    gap = torch.from_numpy(labels.hazard_m[rows])
    lamp = F.cross_entropy(noticed.light_logits_B4, light, ignore_index=UNKNOWN, reduction="sum") / batch
    near = torch.isfinite(gap) & (gap < 50.0)
    lead = F.smooth_l1_loss(noticed.lead_m_B[near] / 10.0, gap[near] / 10.0, reduction="sum") / batch
    cells = torch.from_numpy(samples.pictures["cells"][rows]).long()
    known = cells.masked_fill(cells == NO_MAP, -100)
    bodies = F.cross_entropy(noticed.bodies_BCXY, known, _BODY_WEIGHTS, reduction="sum") / (batch * cells[0].numel())
    motion = torch.from_numpy(samples.pictures["motion"][rows].astype(np.float32))
    there = ((cells > 0) & (cells != NO_MAP))[:, None]
    velocity = (there * (noticed.velocity_B2XY - motion).abs()).sum() / (batch * 20.0)
    right = (noticed.light_logits_B4.argmax(-1) == light)[light > 0].float().mean().nan_to_num()
    return 0.5 * lamp + 0.3 * lead + 3.0 * bodies + 0.1 * velocity, {
        "light": float(right), "bodies": float(bodies.detach()), "velocity": float(velocity.detach())}


def train_action(action: ActionExpert, samples: Samples, contexts: reading.ContextSource, train: NDArray[np.int64],
                 config: LoopConfig, seed: int, state_file: Path, progress: Callable[[str], None]) -> None:
    """Train in place on the samples `train`, drawn by `seed`; resumable through `state_file`."""
    decisions = decisions_of(samples.labels)
    weights = critical.weights(samples.labels)[train]
    weights = weights / weights.sum()

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rows, read, augment = draw_batch(samples, train, weights, config.batch_size, stream(seed, "action", step))
        out = action(action_batch(samples, rows, read, augment), *context_batch(contexts, read, augment))
        return action_loss(out, samples, decisions, rows)

    action.train()
    fit(action, step_loss, config, state_file, progress)
    action.eval()


@torch.inference_mode()
def action_errors(action: ActionExpert, samples: Samples, contexts: reading.ContextSource,
                  rows: NDArray[np.int64]) -> dict[str, float | None]:
    """Held-out errors: mean distance of waypoints and route points (m), at critical moments too; what is noticed."""
    rng, outs = stream(0, "held-out"), []
    for i in range(0, len(rows), 64):
        part = rows[i : i + 64]
        read = reading.drawn(samples, part, rng)
        outs.append(action(action_batch(samples, part, read), *context_batch(contexts, read)))
    waypoints, route, speeds = (torch.cat([getattr(o, name) for o in outs]).numpy()
                                for name in ("waypoints_B62", "route_B202", "speeds_B3"))
    labels = samples.labels
    off = np.hypot(*(waypoints - labels.waypoints[rows]).transpose(2, 0, 1)).mean(axis=1)
    aside = np.hypot(*(route - labels.route[rows]).transpose(2, 0, 1)).mean(axis=1)
    kinds = {name: which[rows] for name, which in critical.moments(labels).items()}
    guess = speeds[:, 0] < labels.speed[rows] - 0.8
    brake = kinds["braking"] | (labels.speeds[rows, 0] < labels.speed[rows] - 0.8)
    light = labels.light[rows]
    lamps = [o.noticed.light_logits_B4 for o in outs if o.noticed is not None]
    figures = {"waypoint_m": _mean(off), "route_m": _mean(aside), "brake_recall": _mean(guess[brake]),
               "brake_precision": _mean(brake[guess]),
               **{f"waypoint_m, {name}": _mean(off[which]) for name, which in kinds.items()},
               "route_m, changing lane": _mean(aside[kinds["changing lane"]])}
    if lamps:
        figures["light_accuracy"] = _mean((torch.cat(lamps).argmax(-1).numpy() == light)[light > 0])
    return figures


def _mean(values: NDArray[np.floating] | NDArray[np.bool_]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def _offsets(points_BN2: Tensor) -> Tensor:
    return torch.diff(points_BN2, dim=1, prepend=torch.zeros_like(points_BN2[:, :1]))

"""Stage 3: the refiner learns to turn drafts, stretched by noise, into what the expert would have driven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automot_ros.base.seeds import stream
from automot_ros.model.action import ActionExpert
from automot_ros.model.refiner import ActionRefiner, RefinerDraft, Trajectories
from automot_ros.training import contexts as reading
from automot_ros.training import critical
from automot_ros.training.action_stage import action_batch, context_batch, draw_batch
from automot_ros.training.augment import Augment
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.samples import Samples
from automot_ros.training.share import Share

ROUTE_WEIGHT = 0.5
"""Weight of the route beside the waypoints in the L1 loss."""


@torch.no_grad()
def drafts(action: ActionExpert, samples: Samples, contexts: reading.ContextSource, rows: NDArray[np.int64],
           read: NDArray[np.int64], augment: Augment | None = None) -> RefinerDraft:
    """What the frozen action expert drafts for samples that read the contexts of `read`."""
    batch = action_batch(samples, rows, read, augment)
    out = action(batch, *context_batch(contexts, read, augment))
    state_B5 = torch.cat([batch.state_B5[:, :2], out.speeds_B3], dim=1)
    return RefinerDraft(out.waypoints_B62, out.route_B202, state_B5, out.bev_tokens_B64D, out.decision_latents_B8D)


def refiner_loss(clean: Trajectories, samples: Samples, rows: NDArray[np.int64]) -> Tensor:
    """L1 on waypoints and route."""
    waypoints = torch.from_numpy(samples.labels.waypoints[rows])
    route = torch.from_numpy(samples.labels.route[rows])
    return ((clean.waypoints_B62 - waypoints).abs().mean()
            + ROUTE_WEIGHT * (clean.route_B202 - route).abs().mean())


def train_refiner(refiner: ActionRefiner, action: ActionExpert, samples: Samples, contexts: reading.ContextSource,
                  train: NDArray[np.int64], config: LoopConfig, seed: int, state_file: Path,
                  progress: Callable[[str], None]) -> None:
    """Train in place on the samples `train`, drawn by `seed`, the action expert frozen; resumable."""
    weights = critical.weights(samples.labels)[train]
    weights = weights / weights.sum()
    action.eval()

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rows, read, augment = draw_batch(samples, train, weights, config.batch_size, stream(seed, "refiner", step))
        draft = drafts(action, samples, contexts, rows, read, augment)
        t_B, noise = (x[Share.here().part] for x in
                      refiner.draw(config.batch_size, torch.Generator().manual_seed(step)))
        loss = refiner_loss(refiner(draft, t_B, noise), samples, rows)
        before = refiner_loss(Trajectories(draft.waypoints_B62, draft.route_B202), samples, rows)
        return loss, {"draft": float(before)}

    refiner.train()
    fit(refiner, step_loss, config, state_file, progress)
    refiner.eval()


@torch.inference_mode()
def refiner_errors(refiner: ActionRefiner, action: ActionExpert, samples: Samples, contexts: reading.ContextSource,
                   rows: NDArray[np.int64]) -> dict[str, float]:
    """Held-out mean distances (m) of waypoints and route, drafted and refined."""
    sums, labels = np.zeros(4), samples.labels
    rng = stream(0, "held-out")
    for i in range(0, len(rows), 64):
        part = rows[i : i + 64]
        draft = drafts(action, samples, contexts, part, reading.drawn(samples, part, rng))
        noise = torch.randn(len(part), 2, 2, generator=torch.Generator().manual_seed(i))
        clean = refiner.refine(draft, noise)
        pairs = ((draft.waypoints_B62, labels.waypoints), (clean.waypoints_B62, labels.waypoints),
                 (draft.route_B202, labels.route), (clean.route_B202, labels.route))
        sums += [float((p - torch.from_numpy(t[part])).norm(dim=-1).mean(1).sum()) for p, t in pairs]
    mean = sums / len(rows)
    return {"waypoint_draft_m": mean[0], "waypoint_refined_m": mean[1], "route_draft_m": mean[2],
            "route_refined_m": mean[3]}

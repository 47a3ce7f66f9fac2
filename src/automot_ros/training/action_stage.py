"""Stage 2: the action expert learns from the frozen context, whose age is drawn from 0 to 1.5 s.

A sample's context is that of an earlier sample of its episode; the state token is told its age and the ego's motion
since. Contexts are computed once (float16, on disk) with the reports that the frozen expert really says.
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
from automot_ros.model.action import ActionBatch, ActionExpert, ActionOutput
from automot_ros.model.understanding import Understanding
from automot_ros.model.variants import ActionSize
from automot_ros.policy.preprocess import state_vector
from automot_ros.policy.vocabulary import IM_END_ID, REPORT_TOKENS, Vocabulary
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS
from automot_ros.training.augment import jitter
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.samples import Samples
from automot_ros.training.understanding_stage import frames_of, texts_of

SAMPLE_S = 0.25
OLDEST_CONTEXT = 6
_AGE_WEIGHTS = np.array([0.10, 0.28, 0.24, 0.14, 0.12, 0.06, 0.06])
_WAYPOINT_WEIGHTS = torch.tensor([3.0, 3.0, 2.0, 2.0, 1.0, 1.0])


class NoContexts:
    """Contexts of no tokens: while it warms up, the action expert has its own eyes only."""

    def __init__(self, size: ActionSize) -> None:
        self._size = size

    def batch(self, rows: NDArray[np.int64]) -> tuple[list[Tensor], list[Tensor], Tensor, None]:
        """As Contexts.batch, with no tokens."""
        s = self._size
        keys = torch.zeros(len(rows), s.kv_heads, 0, s.key_dim)
        values = torch.zeros(len(rows), s.kv_heads, 0, s.head_dim)
        return [keys] * s.layers, [values] * s.layers, torch.zeros(len(rows), dtype=torch.int64), None


class Contexts:
    """Contexts of all samples of some folders, in their order, as float16 on disk."""

    def __init__(self, folders: list[Path]) -> None:
        self._keys = [np.load(f / "keys.npy", mmap_mode="r") for f in folders]
        self._values = [np.load(f / "values.npy", mmap_mode="r") for f in folders]
        self.next_position = np.concatenate([np.load(f / "next_position.npy") for f in folders])
        self.mask = np.concatenate([np.load(f / "mask.npy") for f in folders])
        self._first = np.cumsum([0, *(len(k) for k in self._keys)])

    def batch(self, rows: NDArray[np.int64]) -> tuple[list[Tensor], list[Tensor], Tensor, Tensor]:
        """What ActionExpert.forward takes for these samples: keys and values by layer, positions, mask."""
        return (self._layers(self._keys, rows), self._layers(self._values, rows),
                torch.from_numpy(self.next_position[rows]), torch.from_numpy(self.mask[rows]))

    def _layers(self, parts: list[NDArray[np.float16]], rows: NDArray[np.int64]) -> list[Tensor]:
        part = np.searchsorted(self._first, rows, side="right") - 1
        stacked = np.stack([parts[p][i - self._first[p]] for p, i in zip(part, rows, strict=True)])
        return list(torch.from_numpy(stacked).float().unbind(1))


@torch.inference_mode()
def write_contexts(understanding: Understanding, samples: Samples, folder: Path, progress: Callable[[str], None],
                   batch: int = 64) -> None:
    """Let the frozen expert read and speak at every sample; keep its contexts and words in `folder`.

    next_position.npy is written last: it says that all are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prompts = texts_of(samples, Vocabulary.nano()).prompts
    tokens = prompts.shape[1] + REPORT_TOKENS
    size = understanding.size
    said = np.zeros((len(samples), REPORT_TOKENS), np.int64)
    positions, masks = np.zeros(len(samples), np.int64), np.zeros((len(samples), tokens), np.bool_)
    files: list[NDArray[np.float16]] = []
    for i in range(0, len(samples), batch):
        rows = np.arange(i, min(len(samples), i + batch))
        report, c = understanding.say(frames_of(samples, rows), torch.from_numpy(prompts[rows]), IM_END_ID,
                                      REPORT_TOKENS)
        if not files:
            files = [np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float16,
                                               (len(samples), size.layers, part[0].shape[1], tokens, part[0].shape[3]))
                     for name, part in (("keys", c.keys), ("values", c.values))]
        for file, part in zip(files, (c.keys, c.values), strict=True):
            file[rows, :, :, : part[0].shape[2]] = torch.stack(part, 1).half().numpy()
        said[rows, : report.shape[1]] = report.numpy()
        positions[rows], masks[rows, : c.mask_BT.shape[1]] = c.next_position_B.numpy(), c.mask_BT.numpy()
        if (i // batch) % 10 == 0:
            progress(f"contexts {i + len(rows)}/{len(samples)}")
    np.save(folder / "said.npy", said)
    np.save(folder / "mask.npy", masks)
    np.save(folder / "next_position.npy", positions)


def contexts_drawn(samples: Samples, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """For each sample the sample whose context it reads: 0 to 1.5 s back, the usual lags most often."""
    back = [min(int(b), samples.oldest_context(int(i), OLDEST_CONTEXT))
            for i, b in zip(rows, rng.choice(OLDEST_CONTEXT + 1, len(rows), p=_AGE_WEIGHTS), strict=True)]
    drawn: NDArray[np.int64] = rows - np.array(back, np.int64)
    return drawn


def action_batch(samples: Samples, rows: NDArray[np.int64], context_rows: NDArray[np.int64],
                 rng: np.random.Generator) -> ActionBatch:
    """The inputs of samples, with the age and motion of their contexts; images jittered in colour."""
    states = []
    for i, j in zip(rows, context_rows, strict=True):
        now, then = Pose2(*samples.pose[i]), Pose2(*samples.pose[j])
        age = SAMPLE_S * float(i - j)
        states.append(state_vector(float(samples.speed[i]), age, then.inverse().compose(now)))
    return ActionBatch(jitter(torch.from_numpy(samples.image[rows]), rng), torch.from_numpy(samples.bev[rows]),
                       torch.from_numpy(samples.targets[rows]), torch.from_numpy(np.stack(states)))


def decisions_of(samples: Samples, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """(N, 8) token ids of the expert's decisions."""
    return np.array([
        vocabulary.decision([(LONGITUDINAL_WORDS[a], LATERAL_WORDS[b]) for a, b in zip(lon, lat, strict=True)])
        for lon, lat in zip(samples.longitudinal, samples.lateral, strict=True)])


def action_loss(out: ActionOutput, samples: Samples, decisions: NDArray[np.int64],
                rows: NDArray[np.int64]) -> tuple[Tensor, dict[str, float]]:
    """Weighted as AutoMoT's action stage: decision 0.4, waypoints 2.0 (near ones more), route 1.0, speeds 0.5."""
    def label(x: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x[rows]))

    wanted, route = label(samples.waypoints), label(samples.route)
    error = (_offsets(out.waypoints_B62) - _offsets(wanted)).abs().sum(-1)
    waypoint = (error * _WAYPOINT_WEIGHTS).mean() + 0.3 * (out.waypoints_B62 - wanted).abs().mean()
    path = (out.route_B202 - route).abs().sum(-1).mean()
    speed = F.smooth_l1_loss(out.speeds_B3, label(samples.speeds))
    decision = F.cross_entropy(out.decision_logits_B8W.flatten(0, 1), torch.from_numpy(decisions[rows]).flatten())
    loss = 0.4 * decision + 2.0 * waypoint + path + 0.5 * speed
    figures = {"waypoint": float(waypoint.detach()), "route": float(path.detach()), "speed": float(speed.detach()),
               "decision": float(decision.detach())}
    if out.aux_light_logits_B4 is not None and out.aux_lead_m_B is not None:
        light = label(samples.light)
        aux_light = F.cross_entropy(out.aux_light_logits_B4, light)
        gap = label(samples.hazard_m)
        near = torch.isfinite(gap) & (gap < 50.0)
        aux_lead = F.smooth_l1_loss(out.aux_lead_m_B[near] / 10.0, gap[near] / 10.0) if bool(near.any()) else 0.0
        loss = loss + 0.5 * aux_light + 0.3 * aux_lead
        figures["light"] = float((out.aux_light_logits_B4.argmax(-1) == light)[light > 0].float().mean().nan_to_num())
    return loss, figures


def train_action(action: ActionExpert, samples: Samples, contexts: Contexts | NoContexts, train: NDArray[np.int64],
                 config: LoopConfig, state_file: Path, progress: Callable[[str], None]) -> None:
    """Train in place on the samples `train`; resumable through `state_file`."""
    decisions = decisions_of(samples, Vocabulary.nano())
    weights = samples.weights()[train]
    weights = weights / weights.sum()

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rng = stream(step, "action")
        rows = train[rng.choice(len(train), config.batch_size, p=weights)]
        context_rows = contexts_drawn(samples, rows, rng)
        out = action(action_batch(samples, rows, context_rows, rng), *contexts.batch(context_rows))
        return action_loss(out, samples, decisions, rows)

    action.train()
    fit(action, step_loss, config, state_file, progress)
    action.eval()


@torch.inference_mode()
def action_errors(action: ActionExpert, samples: Samples, contexts: Contexts | NoContexts,
                  rows: NDArray[np.int64]) -> dict[str, float]:
    """Held-out errors: mean distance of waypoints and route points (m), light accuracy, stop recall."""
    outs = []
    rng = stream(0, "held-out")
    for i in range(0, len(rows), 64):
        part = rows[i : i + 64]
        drawn = contexts_drawn(samples, part, rng)
        outs.append((part, action(action_batch(samples, part, drawn, rng), *contexts.batch(drawn))))
    waypoints = torch.cat([o.waypoints_B62 for _, o in outs]).numpy()
    route = torch.cat([o.route_B202 for _, o in outs]).numpy()
    speeds = torch.cat([o.speeds_B3 for _, o in outs]).numpy()
    brake = samples.speeds[rows, 0] < samples.speed[rows] - 0.8
    guess = speeds[:, 0] < samples.speed[rows] - 0.8
    figures = {
        "waypoint_m": float(np.hypot(*(waypoints - samples.waypoints[rows]).transpose(2, 0, 1)).mean()),
        "route_m": float(np.hypot(*(route - samples.route[rows]).transpose(2, 0, 1)).mean()),
        "brake_recall": float(guess[brake].mean()) if brake.any() else float("nan"),
        "brake_precision": float(brake[guess].mean()) if guess.any() else float("nan"),
    }
    light = samples.light[rows]
    logits = [o.aux_light_logits_B4 for _, o in outs if o.aux_light_logits_B4 is not None]
    if logits and (light > 0).any():
        figures["light_accuracy"] = float((torch.cat(logits).argmax(-1).numpy() == light)[light > 0].mean())
    return figures


def _offsets(points_BN2: Tensor) -> Tensor:
    return torch.diff(points_BN2, dim=1, prepend=torch.zeros_like(points_BN2[:, :1]))



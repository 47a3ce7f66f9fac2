"""Critical moments: where a driver shows what it is worth. They are rare, so they are trained on more often.

Nine of ten looks of a drive are cruising; a policy that is shown all alike learns to drive like a blind one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automot_ros.training.samples import Labels

CRITICAL_SHARE = 0.45
MOST_OFTEN = 8.0


def moments(labels: Labels) -> dict[str, NDArray[np.bool_]]:
    """(N,) for each kind of critical moment: which samples are one."""
    v, speeds = labels.speed, labels.speeds
    aside = np.abs(labels.route[:, [7, 19]] - labels.targets).max(axis=(1, 2))
    standing = (v < 0.3) & (speeds[:, 2] < 0.5)
    return {
        "braking": (speeds[:, 0] < v - 0.8) & (v > 1.0),
        "standing": standing,
        "setting off": (v < 2.5) & (speeds[:, 2] > 1.0) & np.isfinite(labels.hazard_m),
        "changing lane": (aside > 0.6) & (aside < 6.0),
        "giving way": np.char.find(labels.report.astype(str), "priority theirs") >= 0,
    }


def weights(labels: Labels) -> NDArray[np.float64]:
    """(N,) how often each sample is drawn, summing to one: each kind of critical moment equally often, together
    CRITICAL_SHARE, but none more than MOST_OFTEN times as often as a calm one.
    """
    kinds = [which for which in moments(labels).values() if which.any()]
    critical = np.any(kinds, axis=0) if kinds else np.zeros(len(labels), np.bool_)
    drawn = np.zeros(len(labels))
    for which in kinds:
        drawn[which] += CRITICAL_SHARE / len(kinds) / which.sum()
    calm = (1.0 - CRITICAL_SHARE) / max(1, int((~critical).sum()))
    drawn[~critical] = calm
    drawn = np.minimum(drawn, MOST_OFTEN * calm)
    return np.asarray(drawn / drawn.sum())


def table(labels: Labels) -> str:
    """The share of each kind in the data and in what is trained on, for people."""
    w = weights(labels)
    kinds = moments(labels)
    rows = [f"{'moment':<16}{'of data':>9}{'trained':>9}"]
    for name, which in {**kinds, "any of them": np.any(list(kinds.values()), axis=0)}.items():
        rows.append(f"{name:<16}{which.mean():>9.1%}{w[which].sum():>9.1%}")
    return "\n".join(rows)

"""Our own messages to the vocabulary of scene/ and context/ and back, checked like everything from outside."""

from __future__ import annotations

import array
import math

import numpy as np
from geometry_msgs.msg import Point
from numpy.typing import NDArray

import automot_ros.msg as msg
from automot_ros.base.errors import MessageError
from automot_ros.context.layout import ContextLayout, ContextRecord, SlotHandle, checked_segment_name
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes.convert import (
    EGO_FRAME,
    FAR_M,
    FAST_MPS,
    MAP_FRAME,
    finite,
    header,
    stamp_from_msg,
    wanted_frame,
)
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import (
    DECISION_INSTANTS_S,
    Decision,
)
from automot_ros.scene.plan import (
    ROUTE_POINTS,
    WAYPOINTS,
    Draft,
    GuardMode,
    GuardReason,
    GuardReport,
    PlanStatus,
    Trajectory,
)
from automot_ros.scene.report import Report
from automot_ros.scene.sensing import EgoState

F32 = NDArray[np.float32]
MAX_WIDTH = 4096
MAX_TRAJECTORY_POINTS = 1000


def tensor_to_msg(values: F32) -> msg.FloatTensor:
    """A dense float32 tensor."""
    data = array.array("f")
    data.frombytes(np.ascontiguousarray(values, "<f4").tobytes())
    message = msg.FloatTensor(dims=list(values.shape))
    message.data = data
    return message


def tensor_from_msg(message: msg.FloatTensor, shape: tuple[int, ...], where: str) -> F32:
    """The tensor if it has `shape` (-1: any width up to 4096) and holds numbers only."""
    dims = tuple(int(d) for d in message.dims[:8])
    fits = len(message.dims) == len(shape) and all(
        a == b or (b == -1 and 0 < a <= MAX_WIDTH) for a, b in zip(dims, shape, strict=True))
    if not fits or len(message.data) != math.prod(dims):
        raise MessageError("wrong shape", where=where, got=f"{dims} with {len(message.data)} numbers", wanted=shape)
    values = np.frombuffer(message.data, np.float32).reshape(dims)
    if not np.isfinite(values).all():
        raise MessageError("not finite", where=where, got="NaN or infinity", wanted="numbers")
    return values


def pose_from_msg(message: msg.PlanarPose, where: str) -> Pose2:
    """A planar pose of finite numbers."""
    return Pose2(finite(message.x_m, FAR_M, f"{where}.x_m"), finite(message.y_m, FAR_M, f"{where}.y_m"),
                 finite(message.yaw_rad, 100.0, f"{where}.yaw_rad"))


def pose_to_msg(pose: Pose2) -> msg.PlanarPose:
    """The numbers as they are."""
    return msg.PlanarPose(x_m=pose.x_m, y_m=pose.y_m, yaw_rad=pose.yaw_rad)


def context_to_msg(record: ContextRecord) -> msg.AttentionContext:
    """A handle, or the payload in band."""
    layout, handle = record.layout, record.handle
    made = msg.AttentionContext(
        header=header(record.stamp_ns, MAP_FRAME), epoch=record.epoch, sequence=record.sequence,
        model_hash=record.model_hash, layers=layout.layers, kv_heads=layout.kv_heads, key_dim=layout.key_dim,
        value_dim=layout.value_dim, tokens=layout.tokens, dtype=layout.dtype, next_position=record.next_position,
        pose_map_to_ego=pose_to_msg(record.pose_map_to_ego), checksum=record.checksum, size=layout.size_bytes,
        compute_s=record.compute_s)
    if handle is not None:
        made.segment, made.slot, made.generation = handle.segment, handle.slot, handle.generation
    else:
        made.payload = array.array("B")
        made.payload.frombytes(record.payload or b"")
    return made


def context_from_msg(message: msg.AttentionContext) -> ContextRecord:
    """The record; sizes, names and numbers are checked, the payload itself is the ring's and the codec's to check."""
    where = "attention_context"
    layout = ContextLayout(message.layers, message.kv_heads, message.key_dim, message.value_dim, message.tokens,
                           message.dtype)
    handle, payload = None, None
    if message.segment:
        handle = SlotHandle(checked_segment_name(message.segment), message.slot, message.generation, message.size)
    else:
        payload = memoryview(message.payload)
    return ContextRecord(
        stamp_from_msg(message.header.stamp, where), message.epoch, message.sequence, message.model_hash[:128], layout,
        message.next_position, pose_from_msg(message.pose_map_to_ego, where), message.checksum,
        finite(message.compute_s, 3600.0, f"{where}.compute_s"), handle, payload)


def draft_to_msg(draft: Draft, compute_s: float) -> msg.ActionDraft:
    """The draft in the ego frame at its stamp."""
    ego = draft.ego
    return msg.ActionDraft(
        header=header(draft.stamp_ns, EGO_FRAME), waypoints=tensor_to_msg(draft.waypoints_62),
        route=tensor_to_msg(draft.route_202), speeds=tensor_to_msg(draft.speeds_3),
        longitudinal=tensor_to_msg(draft.decision.longitudinal_34), lateral=tensor_to_msg(draft.decision.lateral_35),
        decision_latents=tensor_to_msg(draft.decision_latents_8D), bev_tokens=tensor_to_msg(draft.bev_tokens_64D),
        pose_map_to_ego=pose_to_msg(ego.pose_map_to_ego), speed_mps=ego.speed_mps, yaw_rate_radps=ego.yaw_rate_radps,
        context_epoch=draft.context_epoch, context_sequence=draft.context_sequence, context_age_s=draft.context_age_s,
        compute_s=compute_s)


def draft_from_msg(message: msg.ActionDraft) -> Draft:
    """A draft with every tensor of its shape."""
    where = "draft"
    wanted_frame(message.header, EGO_FRAME, where)
    ego = EgoState(stamp_from_msg(message.header.stamp, where), pose_from_msg(message.pose_map_to_ego, where),
                   finite(message.speed_mps, FAST_MPS, f"{where}.speed_mps"),
                   finite(message.yaw_rate_radps, 100.0, f"{where}.yaw_rate_radps"))
    decision = Decision(tensor_from_msg(message.longitudinal, (3, 4), f"{where}.longitudinal"),
                        tensor_from_msg(message.lateral, (3, 5), f"{where}.lateral"))
    return Draft(
        ego, tensor_from_msg(message.waypoints, (WAYPOINTS, 2), f"{where}.waypoints"),
        tensor_from_msg(message.route, (ROUTE_POINTS, 2), f"{where}.route"),
        tensor_from_msg(message.speeds, (3,), f"{where}.speeds"), decision,
        tensor_from_msg(message.decision_latents, (8, -1), f"{where}.decision_latents"),
        tensor_from_msg(message.bev_tokens, (64, -1), f"{where}.bev_tokens"), message.context_epoch,
        message.context_sequence, finite(message.context_age_s, 1e9, f"{where}.context_age_s"))


def trajectory_to_msg(plan: Trajectory, draft: Draft, action_compute_s: float,
                      refiner_compute_s: float) -> msg.PlannedTrajectory:
    """What the ego intends to drive, in the map frame."""
    rows = zip(plan.times_s.tolist(), plan.xy_N2.tolist(), plan.yaw_rad_N.tolist(), plan.speed_mps_N.tolist(),
               plan.acceleration_mps2_N.tolist(), plan.curvature_N.tolist(), strict=True)
    points = [msg.PlanPoint(time_s=t, pose=msg.PlanarPose(x_m=x, y_m=y, yaw_rad=yaw), speed_mps=v, acceleration_mps2=a,
                            curvature_per_m=k) for t, (x, y), yaw, v, a, k in rows]
    return msg.PlannedTrajectory(
        header=header(plan.stamp_ns, MAP_FRAME), points=points,
        path=[Point(x=x, y=y, z=0.0) for x, y in plan.path_K2.tolist()], status=int(plan.status), reason=plan.reason,
        context_epoch=draft.context_epoch, context_sequence=draft.context_sequence, context_age_s=plan.context_age_s,
        action_compute_s=action_compute_s, refiner_compute_s=refiner_compute_s)


def trajectory_from_msg(message: msg.PlannedTrajectory) -> Trajectory:
    """A trajectory of finite numbers with increasing times; whether it is sane to drive is the guard's question."""
    where = "trajectory"
    wanted_frame(message.header, MAP_FRAME, where)
    if not (2 <= len(message.points) <= MAX_TRAJECTORY_POINTS and 2 <= len(message.path) <= MAX_TRAJECTORY_POINTS):
        raise MessageError("not a trajectory", where=where,
                           got=f"{len(message.points)} points, {len(message.path)} of path",
                           wanted=f"2..{MAX_TRAJECTORY_POINTS} of each")
    rows_N7 = np.array([(p.time_s, p.pose.x_m, p.pose.y_m, p.pose.yaw_rad, p.speed_mps, p.acceleration_mps2,
                         p.curvature_per_m) for p in message.points])
    path_K2 = np.array([(p.x, p.y) for p in message.path])
    if not (np.isfinite(rows_N7).all() and np.isfinite(path_K2).all()):
        raise MessageError("not finite", where=where, got="NaN or infinity", wanted="numbers")
    if np.abs(rows_N7).max() > FAR_M or np.abs(path_K2).max() > FAR_M:
        raise MessageError("number out of bounds", where=where, got="more than 1e7", wanted=f"-{FAR_M:g}..{FAR_M:g}")
    times = rows_N7[:, 0]
    if times[0] != 0.0 or np.diff(times).min() <= 0.0:
        raise MessageError("times do not increase from 0", where=where, got=times[:3].tolist(), wanted="0 < t1 < t2")
    try:
        status = PlanStatus(message.status)
    except ValueError as error:
        raise MessageError("unknown status", where=where, got=message.status,
                           wanted=[int(s) for s in PlanStatus]) from error
    return Trajectory(
        stamp_from_msg(message.header.stamp, where), times.copy(), rows_N7[:, 1:3].copy(), rows_N7[:, 3].copy(),
        rows_N7[:, 4].copy(), rows_N7[:, 5].copy(), rows_N7[:, 6].copy(), path_K2, status, message.reason[:200],
        finite(message.context_age_s, 1e9, f"{where}.context_age_s"))


def decision_to_msg(decision: Decision, stamp_ns: int) -> msg.DrivingDecision:
    """The meta-actions at 1, 2 and 3 s with their probabilities."""
    instants = [msg.MetaAction(time_s=t, longitudinal_probability=a, lateral_probability=b, words=words)
                for t, a, b, words in zip(DECISION_INSTANTS_S, decision.longitudinal_34.astype(np.float32),
                                          decision.lateral_35.astype(np.float32), decision.words(), strict=True)]
    return msg.DrivingDecision(header=header(stamp_ns, EGO_FRAME), instants=instants)


def guard_to_msg(report: GuardReport) -> msg.GuardStatus:
    """The guard's word at one tick."""
    return msg.GuardStatus(
        header=header(report.stamp_ns, MAP_FRAME), mode=int(report.mode), reason=int(report.reason), text=report.text,
        odometry_age_s=report.odometry_age_s, trajectory_age_s=report.trajectory_age_s,
        points_age_s=report.points_age_s, context_age_s=report.context_age_s,
        time_to_collision_s=report.time_to_collision_s,
        interventions=report.interventions)


def guard_from_msg(message: msg.GuardStatus) -> GuardReport:
    """For those who watch: ages may be infinite."""
    try:
        mode, reason = GuardMode(message.mode), GuardReason(message.reason)
    except ValueError as error:
        raise MessageError("unknown code", where="guard_status", got=str(error)) from error
    return GuardReport(stamp_from_msg(message.header.stamp, "guard_status"), mode, reason, message.text[:400],
                       message.odometry_age_s, message.trajectory_age_s, message.points_age_s, message.context_age_s,
                       message.time_to_collision_s, message.interventions)


def report_to_msg(context: AttentionContext) -> msg.SceneReport:
    """What the understanding expert said; the parts of a text that is a report also one by one."""
    report = Report.parse(context.text)
    return msg.SceneReport(
        header=header(context.stamp_ns, MAP_FRAME), context_epoch=context.epoch, context_sequence=context.sequence,
        text=context.text, decision=[] if report is None else [report.turn, report.do_now],
        reason="" if report is None else report.reason, hazards=[] if report is None else _hazards_of(report),
        compute_s=context.compute_s)


def _hazards_of(report: Report) -> list[msg.Hazard]:
    """The thing that is answered to, the body ahead and a light that is not green, nearest first."""
    named: dict[str, int | None] = {}
    if report.ahead != "free":
        named[report.ahead] = report.ahead_m
    if report.hazard not in ("none", "light"):
        named[report.hazard] = report.hazard_m
    if report.light in ("red", "yellow"):
        named[f"light_{report.light}"] = report.light_m
    found = [msg.Hazard(name=name, distance_m=math.nan if m is None else float(m)) for name, m in named.items()]
    return sorted(found, key=lambda h: math.inf if math.isnan(h.distance_m) else h.distance_m)

"""Pieces of report.html: style, tiles, tables and charts as inline SVG, readable in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STYLE = """
:root{--back:#fff;--card:#f5f7f9;--edge:#dde3e9;--text:#171c22;--faint:#637083;--plan:#0ea56d;--draft:#d18400;
--route:#3e6bc7;--bad:#c9352a;--held:#c9352a}
@media(prefers-color-scheme:dark){:root{--back:#0e1115;--card:#161a20;--edge:#2a313b;--text:#e8ecf1;--faint:#93a0b0;
--plan:#2ed696;--draft:#ffb02e;--route:#6b94e8;--bad:#f0645a;--held:#f0645a}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",Roboto,sans-serif}
main{max-width:1160px;margin:0 auto;padding:34px 24px 60px}h1{font-size:28px;margin:0 0 4px;letter-spacing:-.02em}
h2{font-size:17px;margin:36px 0 12px}.faint,figcaption{color:var(--faint)}.note{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px;margin-top:22px}
.tile{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:14px 18px}
.tile b{display:block;font-size:32px;letter-spacing:-.02em;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--faint);font-size:13px}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;color:var(--faint);font-weight:600}
th,td{padding:7px 12px 7px 0;border-bottom:1px solid var(--edge);vertical-align:top}
.n{text-align:right;font-variant-numeric:tabular-nums}.good{color:var(--plan)}.bad{color:var(--bad)}
video,figure img{width:100%;display:block;border-radius:10px;background:#000}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:12px}figure{margin:0}
figcaption{font-size:13px;padding-top:4px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:22px;margin-top:18px}
.charts h3{font-size:13px;font-weight:600;color:var(--faint);margin:0 0 4px}svg{width:100%;height:auto;display:block}
svg text{fill:var(--faint);font-size:11px;font-family:inherit}svg .grid{stroke:var(--edge)}
svg .line{fill:none;stroke-width:1.6;stroke-linejoin:round}svg .held{fill:var(--held);opacity:.16}
h3{font-size:15px;margin:22px 0 2px}.strip{display:block;min-width:1100px;width:100%;border-radius:8px}
code,pre{font-size:13px}pre{overflow-x:auto}details{margin-top:6px}
"""
INFRACTION_WORDS = {
    "collisions_pedestrian": "hit walkers", "collisions_vehicle": "hit vehicles", "collisions_layout": "hit scenery",
    "red_light": "ran red lights", "stop_infraction": "ran stop signs", "scenario_timeouts": "scenarios timed out",
    "yield_emergency_vehicle_infractions": "did not yield", "outside_route_lanes": "left its lanes",
    "route_dev": "left the route", "vehicle_blocked": "stood for a minute", "route_timeout": "out of time"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 360, 150, 34, 20, 8


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart: times (s), values (gaps where NaN), and the name of its colour."""

    time_s: Floats
    values: Floats
    color: str


def tile(name: str, value: str, remark: str) -> str:
    """A figure to be read first."""
    return f"<div class=tile><span>{escape(name)}</span><b>{escape(value)}</b><span>{escape(remark)}</span></div>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = (),
          head: bool = True) -> str:
    """Cells are HTML already; columns in `numbers` are set right."""
    mark = [" class=n" if i in numbers else "" for i in range(len(heads))]
    top = "".join(f"<th{m}>{escape(h)}</th>" for h, m in zip(heads, mark, strict=True))
    body = "".join("<tr>" + "".join(f"<td{m}>{c}</td>" for c, m in zip(row, mark, strict=True)) + "</tr>"
                   for row in rows)
    return f"<div class=scroll><table>{'<tr>' + top + '</tr>' if head else ''}{body}</table></div>"


def share(rate: float) -> float:
    """success_rate as a share, whether it was written as share or as percentage."""
    return rate / 100.0 if rate > 1.0 else rate


def infractions_in_words(counts: dict[str, int]) -> str:
    """The infractions that happened, with their numbers."""
    return ", ".join(f"{INFRACTION_WORDS.get(k, k.replace('_', ' '))}: {n}" for k, n in counts.items() if n)


def routes_table(routes: Sequence[dict[str, Any]]) -> str:
    """One row a route."""
    rows = []
    for r in routes:
        good = "good" if r["success"] else "bad"
        rows.append([escape(str(r["id"])), escape(str(r["map"])), f"<b class={good}>{escape(str(r['status']))}</b>",
                     f"{r['route_length_m']:.0f}", f"{r['route_completion']:.1f}", f"{r['driving_score']:.1f}",
                     f"{r['duration_s']:.0f}", f"{3.6 * r['mean_speed_mps']:.0f}",
                     escape(infractions_in_words(r["infractions"]) or "none")])
    return table(["route", "map", "status", "length m", "completion %", "score", "time s", "mean km/h", "infractions"],
                 rows, numbers=(3, 4, 5, 6, 7))


def origin_section(result: dict[str, Any]) -> str:
    """The command, the commit and the machine of a result."""
    machine = result.get("machine", {})
    rows = [["command", escape(str(result.get("command", "")))], ["seeds", escape(str(result.get("seeds", "")))],
            ["model", escape(str(result.get("model_hash", ""))[:16])],
            ["commit", escape(str(result.get("git_commit", "")))],
            ["machine", escape(f"{machine.get('system', '')} {machine.get('machine', '')}, {machine.get('cpus', '?')} "
                               f"cores, Python {machine.get('python', '')}")]]
    return f"<section><h2>Where it comes from</h2>{table(['', ''], rows, head=False)}</section>"


def chart(title: str, unit: str, curves: Sequence[Curve], held_N: NDArray[np.bool_]) -> str:
    """Curves over time; the times where `held_N` (as long as the first curve) are shaded."""
    finite = np.concatenate([c.values[np.isfinite(c.values)] for c in curves])
    top = _nice_above(float(finite.max()) if len(finite) else 1.0)
    first, last = float(curves[0].time_s[0]), max(float(curves[0].time_s[-1]), float(curves[0].time_s[0]) + 1.0)

    def x(t: float) -> float:
        return LEFT + (t - first) / (last - first) * (WIDTH - LEFT - 6)

    def y(v: float) -> float:
        return HEIGHT - BOTTOM - v / top * (HEIGHT - BOTTOM - TOP)

    parts = [f'<rect class="held" x="{x(a):.1f}" y="{TOP}" width="{max(1.0, x(b) - x(a)):.1f}" '
             f'height="{HEIGHT - BOTTOM - TOP}"/>' for a, b in _spans(curves[0].time_s, held_N)]
    for share in (0.0, 0.5, 1.0):
        at = y(share * top)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>'
                     f'<text x="{LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{share * top:g}</text>')
    for t in (first, 0.5 * (first + last), last):
        anchor = "start" if t == first else "end" if t == last else "middle"
        parts.append(f'<text x="{x(t):.1f}" y="{HEIGHT - 5}" text-anchor="{anchor}">{t:.0f} s</text>')
    for curve in curves:
        parts += [f'<polyline class="line" stroke="var(--{curve.color})" points="'
                  + " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in run) + '"/>' for run in _runs(curve)]
    return (f'<div><h3>{escape(title)}, {escape(unit)}</h3><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(title)}">{"".join(parts)}</svg></div>')


def _runs(curve: Curve) -> list[list[tuple[float, float]]]:
    """The curve without its gaps, at most some hundred points: the largest of each stretch, so that peaks stay."""
    step = max(1, len(curve.time_s) // 400)
    runs: list[list[tuple[float, float]]] = [[]]
    for i in range(0, len(curve.time_s), step):
        part = curve.values[i : i + step]
        part = part[np.isfinite(part)]
        if len(part):
            runs[-1].append((float(curve.time_s[i]), float(part.max())))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _spans(time_s: Floats, held_N: NDArray[np.bool_]) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held_N.astype(np.int8), [0]])))
    last = len(time_s) - 1
    return [(float(time_s[a]), float(time_s[min(b, last)])) for a, b in edges.reshape(-1, 2)]


def _nice_above(value: float) -> float:
    power = 10.0 ** np.floor(np.log10(max(value, 1e-3)))
    return float(next(n * power for n in (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0) if n * power >= 0.999 * value))

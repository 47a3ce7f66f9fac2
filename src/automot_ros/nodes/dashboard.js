"use strict";
// Draws what the dashboard node sends: "map" once a drive, "state" about ten times a second.

const $ = (id) => document.getElementById(id);
const HISTORY_S = 40;
const AHEAD_M = 55;
let streets = { lanes: [], route: [], name: "" };
let state = null;
let heard = 0;
const history = { speed: [], age: [], latency: [] };

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
let palette = {};
function readPalette() {
  for (const name of ["back", "card", "edge", "text", "faint", "route", "draft", "plan", "bad", "warn", "ground", "lane",
    "lane-edge", "body", "ego"]) palette[name] = color(name);
}
readPalette();
matchMedia("(prefers-color-scheme: light)").addEventListener("change", readPalette);

function connect() {
  const source = new EventSource("/events");
  source.addEventListener("map", (event) => {
    streets = JSON.parse(event.data);
    $("map-name").textContent = streets.name || "map unknown";
    for (const key in history) history[key].length = 0;
  });
  source.addEventListener("state", (event) => {
    state = JSON.parse(event.data);
    heard = performance.now();
    remember();
    showWords();
    requestAnimationFrame(draw);
  });
  $("camera").src = "/camera?" + Date.now();
}

setInterval(() => {
  const live = heard > 0 && performance.now() - heard < 2000;
  const link = $("link");
  const was = link.className;
  link.className = "chip " + (live ? "live" : heard ? "lost" : "");
  link.textContent = live ? "live" : heard ? "the drive has ended or stands still" : "connecting";
  // A stream of pictures does not reconnect by itself as the events do.
  if (live && was.includes("lost")) $("camera").src = "/camera?" + Date.now();
}, 500);

function remember() {
  const t = state.stamp_s;
  const push = (list, value) => {
    if (list.length && t < list[list.length - 1][0] - 1) list.length = 0;
    if (value !== null && value !== undefined) list.push([t, value]);
    while (list.length && list[0][0] < t - HISTORY_S) list.shift();
  };
  push(history.speed, state.ego ? state.ego.speed_mps * 3.6 : null);
  push(history.age, state.plan ? state.plan.context_age_s : null);
  push(history.latency, state.latency.input_to_command_s === null ? null : state.latency.input_to_command_s * 1000);
}

const spoken = (text) => text.replaceAll("_", " ");

function showWords() {
  const s = state;
  $("speed").textContent = s.ego ? Math.round(s.ego.speed_mps * 3.6) : "-";
  const c = s.command || { throttle: 0, brake: 0, steer: 0 };
  $("throttle").style.width = 100 * c.throttle + "%";
  $("brake").style.width = 100 * c.brake + "%";
  const half = 50 * Math.abs(c.steer);  // left positive: to the left of the middle
  $("steer").style.left = (c.steer > 0 ? 50 - half : 50) + "%";
  $("steer").style.width = half + "%";

  const g = s.guard;
  $("guard").className = "card guard " + (g ? g.mode : "");
  $("guard-mode").textContent = g ? g.mode : "-";
  $("guard-reason").textContent = !g ? "" : g.mode === "nominal" ? "the plan drives" : g.text || spoken(g.reason);
  $("ttc").textContent = g && g.time_to_collision_s !== null ? g.time_to_collision_s.toFixed(1) + " s" : "free";
  $("interventions").textContent = g ? g.interventions : "-";

  const done = s.drive.completion;
  $("progress-bar").style.width = (done || 0) + "%";
  $("progress-text").textContent = done === null ? "route -" : "route " + done.toFixed(0) + " %";
  $("score").hidden = !s.drive.score;
  if (s.drive.score) $("score").textContent = "driving score so far " + Number(s.drive.score).toFixed(1);

  $("report-age").textContent = s.report.age_s === null ? "" : s.report.age_s.toFixed(2) + " s old";
  const sentences = s.report.text.split(/[.;] /).filter(Boolean);
  fill($("report"), sentences.length ? sentences.map((x) => [null, x]) : [[null, "nothing said yet"]]);
  const words = s.draft ? s.draft.decision : [];
  fill($("decision"), words.length ? words.map((w, i) =>
    [`in ${i + 1} s, ${Math.round(100 * s.draft.sure[i])} % sure`, spoken(w)]) : [[null, "-"]]);
  $("now-speed").textContent = s.ego ? (s.ego.speed_mps * 3.6).toFixed(0) + " km/h" : "";
  $("now-age").textContent = s.plan && s.plan.context_age_s !== null ? s.plan.context_age_s.toFixed(2) + " s" : "";
  const l = s.latency.input_to_command_s;
  $("now-latency").textContent = l === null ? "" : (1000 * l).toFixed(0) + " ms";
}

function fill(list, rows) {
  const key = JSON.stringify(rows);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...rows.map(([small, text]) => {
    const item = document.createElement("li");
    if (small) {
      const b = document.createElement("b");
      b.textContent = small;
      item.append(b);
    }
    item.append(text);
    return item;
  }));
}

function prepared(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [g, width, height];
}

function draw() {
  if (!state) return;
  drawBird();
  drawPlot($("plot-speed"), history.speed, palette.plan, 40, (v) => v + " km/h");
  drawPlot($("plot-age"), history.age, palette.draft, 1, (v) => v + " s");
  drawPlot($("plot-latency"), history.latency, palette.route, 60, (v) => v + " ms");
}

function drawBird() {
  const [g, width, height] = prepared($("bird"));
  g.fillStyle = palette.ground;
  g.fillRect(0, 0, width, height);
  if (!state.ego) return;
  const [x0, y0, yaw] = state.ego.pose;
  const perM = (0.72 * height) / AHEAD_M, c = Math.cos(yaw), s = Math.sin(yaw);
  const reach = (1.1 * Math.max(width, height)) / perM;
  const at = ([x, y]) => {
    const dx = x - x0, dy = y - y0;
    return [width / 2 + (s * dx - c * dy) * perM, 0.72 * height - (c * dx + s * dy) * perM];
  };
  const line = (points, style, widthM, least = 1) => {
    if (!points.length) return;
    g.strokeStyle = style;
    g.lineWidth = Math.max(least, widthM * perM);
    g.beginPath();
    points.forEach((p, i) => (i ? g.lineTo(...at(p)) : g.moveTo(...at(p))));
    g.stroke();
  };
  g.lineCap = g.lineJoin = "round";
  const near = streets.lanes.filter((lane) => lane.points.some(([x, y]) => Math.hypot(x - x0, y - y0) < reach));
  for (const lane of near) line(lane.points, palette["lane-edge"], lane.width + 0.35);
  for (const lane of near) line(lane.points, palette.lane, lane.width);
  const lamp = { red: "#ff4034", yellow: "#ffce28", green: "#34e264" };
  g.lineCap = "butt";
  for (const light of state.lights) if (lamp[light.state]) line(light.line, lamp[light.state], 0.8, 3);
  g.lineCap = "round";
  line(streets.route, palette.route, 0.5, 2);
  const plan = state.plan;
  if (plan) line(plan.points, plan.status === "stop" ? palette.bad : palette.plan, 0.95, 3);
  if (state.draft) {
    line(state.draft.route, palette.draft, 0.1, 1.5);
    g.fillStyle = palette.draft;
    for (const p of state.draft.waypoints) {
      g.beginPath();
      g.arc(...at(p), 3, 0, 7);
      g.fill();
    }
  }
  const body = ([x, y, turn], length, wide, style) => {
    const bc = Math.cos(turn), bs = Math.sin(turn), l = length / 2, w = wide / 2;
    g.fillStyle = style;
    g.beginPath();
    [[l, 0], [0.72 * l, w], [-l, w], [-l, -w], [0.72 * l, -w]].forEach(([a, b], i) => {
      const p = at([x + bc * a - bs * b, y + bs * a + bc * b]);
      i ? g.lineTo(...p) : g.moveTo(...p);
    });
    g.fill();
  };
  const kinds = { walker: "#ff78aa", bicycle: "#aa8cff", emergency: "#ff5454", sign: "#ff9632", obstacle: "#ff9632" };
  for (const u of state.users) {
    const least = u.kind === "walker" ? 0.9 : 0;
    body(u.pose, Math.max(u.length, least), Math.max(u.width, least), kinds[u.kind] || palette.body);
  }
  body(state.ego.pose, 4.6, 1.9, palette.ego);
}

function drawPlot(canvas, points, style, least, label) {
  const [g, width, height] = prepared(canvas);
  g.clearRect(0, 0, width, height);
  const top = niceAbove(Math.max(least, ...points.map((p) => p[1])));
  const end = state.stamp_s;
  const at = ([t, v]) => [width - ((end - t) / HISTORY_S) * width, height - 14 - (v / top) * (height - 26)];
  g.font = "11px system-ui, sans-serif";
  g.fillStyle = palette.faint;
  g.strokeStyle = palette.edge;
  g.lineWidth = 1;
  for (const share of [0, 0.5, 1]) {
    const y = at([end, share * top])[1];
    g.beginPath();
    g.moveTo(0, y);
    g.lineTo(width, y);
    g.stroke();
    if (share) g.fillText(label(+(share * top).toPrecision(3)), 2, y - 3);
  }
  g.fillText("-" + HISTORY_S + " s", 2, height - 2);
  g.fillText("now", width - 22, height - 2);
  if (points.length < 2) return;
  g.beginPath();
  points.forEach((p, i) => (i ? g.lineTo(...at(p)) : g.moveTo(...at(p))));
  g.strokeStyle = style;
  g.lineWidth = 1.8;
  g.lineJoin = "round";
  g.stroke();
}

function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= value * 0.999);
}

window.addEventListener("resize", draw);
connect();

"use strict";
// One page, two sources. Live: the dashboard node sends "map" once a drive and "state" some times a second. Recorded:
// run.js beside this file has set RUN, all states of a drive. Drawn at the rate of the screen, between two states.

const $ = (id) => document.getElementById(id);
const RUN = window.RUN || null;
const HISTORY_S = 40;
const FRESH_S = 0.3, OLD_S = 1.0;  // of a context: green, yellow, red, as in RViz
let streets = { lanes: [], route: [], name: "", ego: { length: 4.6, width: 1.9 }, rate_hz: 10 };
let before = null, state = null;
let heard = 0;
let aheadM = 55, showHits = true;
const history = { speed: [], age: [], latency: [] };

const palette = {};
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["back", "card", "edge", "text", "faint", "route", "draft", "plan", "bad", "warn", "ground", "lane",
    "lane-edge", "body", "ego", "hit"]) palette[name] = style.getPropertyValue("--" + name).trim();
}
readPalette();
matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => { readPalette(); dirty = true; });

const spoken = (text) => text.replaceAll("_", " ");
const ageColor = (age) => age < FRESH_S ? "#2edc9b" : age < OLD_S ? "#ffce28" : "#ff5d52";

// --- what a state says in words and numbers

function takeMap(map) {
  streets = map;
  $("map-name").textContent = map.name || "no map";
  before = null;
  for (const key in history) history[key].length = 0;
}

function takeState(next) {
  before = state;
  state = next;
  heard = performance.now();
  remember();
  showWords();
  dirty = true;
}

function remember() {
  const t = state.stamp_s;
  const push = (list, value) => {
    if (list.length && t < list[list.length - 1][0] - 1) list.length = 0;
    if (value !== null && value !== undefined) list.push([t, value]);
    while (list.length && list[0][0] < t - HISTORY_S) list.shift();
  };
  push(history.speed, state.ego ? state.ego.speed_mps * 3.6 : null);
  push(history.age, state.plan ? state.plan.context_age_s : null);
  push(history.latency, latency() === null ? null : latency() * 1000);
}

function latency() {
  const l = state.latency;
  if (!RUN) return l.input_to_command_s;
  return l.action_s === null ? null : l.action_s + (l.refiner_s || 0);
}

function showWords() {
  const s = state;
  $("speed").textContent = s.ego ? Math.round(s.ego.speed_mps * 3.6) : "-";
  showGauges(s.gauges);
  const g = s.guard;
  const reason = !g ? "" : g.text || spoken(g.reason);
  $("guard").className = "card guard " + (g ? g.mode : "");
  $("guard-mode").textContent = g ? g.mode : "-";
  $("guard-reason").textContent = !g ? "" : g.mode === "nominal" ? "the plan drives" : reason;
  $("ttc").textContent = g && g.time_to_collision_s !== null ? g.time_to_collision_s.toFixed(1) + " s" : "free";
  $("interventions").textContent = g ? g.interventions : "-";
  const steps_in = g && g.mode !== "nominal";
  $("banner").hidden = !steps_in;
  $("banner").className = "banner " + (g ? g.mode : "");
  if (steps_in) $("banner").textContent = "guard " + g.mode + (reason ? ": " + reason : "");

  const done = s.drive.completion;
  $("progress-bar").style.width = (done || 0) + "%";
  $("progress-text").textContent = done === null ? "route -" : "route " + done.toFixed(0) + " %";
  $("score").hidden = !s.drive.score;
  if (s.drive.score) $("score").textContent = "driving score so far " + Number(s.drive.score).toFixed(1);

  const age = s.plan ? s.plan.context_age_s : null;
  $("age").hidden = age === null;
  if (age !== null) {
    $("age").firstChild.style.background = ageColor(age);
    $("age").lastChild.textContent = "understanding " + age.toFixed(2) + " s old";
  }
  $("report-age").textContent = s.report.age_s === null ? "" : "spoken " + s.report.age_s.toFixed(2) + " s ago";
  const sentences = s.report.text.split(/[.;] /).filter(Boolean);
  fill($("report"), sentences.length ? sentences.map((x) => [null, x]) : [[null, "nothing said yet"]]);
  const words = s.draft ? s.draft.decision : [];
  fill($("decision"), words.length ? words.map((w, i) =>
    [`in ${i + 1} s, ${Math.round(100 * s.draft.sure[i])} %`, spoken(w)]) : [[null, "-"]]);
  $("now-speed").textContent = s.ego ? (s.ego.speed_mps * 3.6).toFixed(0) + " km/h" : "";
  $("now-age").textContent = age === null ? "" : age.toFixed(2) + " s";
  $("now-latency").textContent = latency() === null ? "" : (1000 * latency()).toFixed(0) + " ms";
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

function showGauges(gauges) {
  const box = $("gauges");
  const names = gauges.map((g) => g.name).join();
  if (box.dataset.names !== names) {
    box.dataset.names = names;
    box.replaceChildren(...gauges.map((g) => {
      const row = document.createElement("div"), bar = document.createElement("span"), text = document.createElement("em");
      bar.className = "bar " + (g.both ? "both" : g.name);
      bar.append(document.createElement("i"));
      row.append(g.name, bar, text);
      return row;
    }));
  }
  gauges.forEach((g, i) => {
    const fillOf = box.children[i].querySelector("i");
    const half = 50 * Math.abs(g.share);  // left positive: to the left of the middle
    fillOf.style.left = g.both ? (g.share > 0 ? 50 - half : 50) + "%" : "0";
    fillOf.style.width = (g.both ? half : 100 * g.share) + "%";
    box.children[i].lastChild.textContent = g.text;
  });
}

// --- drawing

let dirty = true;
let drawn = 0, drawnSince = performance.now();

function frame(now) {
  if (RUN && playing) advance(now);
  const moving = !RUN && performance.now() - heard < 1500;
  if (state && (dirty || moving)) {
    dirty = false;
    drawBird(shownPose());
    drawPlot($("plot-speed"), history.speed, palette.plan, 40, (v) => v + " km/h");
    drawPlot($("plot-age"), history.age, palette.draft, 1, (v) => v + " s", OLD_S);
    drawPlot($("plot-latency"), history.latency, palette.route, 60, (v) => v + " ms");
    if (RUN) drawTrack();
    drawn++;
  }
  if (now - drawnSince > 1000) {
    document.body.dataset.fps = (1000 * drawn / (now - drawnSince)).toFixed(1);
    drawn = 0;
    drawnSince = now;
  }
  requestAnimationFrame(frame);
}

// Live, the page shows the car one state late and moves it evenly from state to state.
function shownPose() {
  if (!state.ego) return null;
  const [x, y, yaw] = state.ego.pose;
  if (RUN || !before || !before.ego) return [x, y, yaw];
  const [a, b, turn] = before.ego.pose;
  if (Math.hypot(x - a, y - b) > 8) return [x, y, yaw];
  const k = Math.min(1, (performance.now() - heard) * streets.rate_hz / 1000);
  const back = Math.atan2(Math.sin(yaw - turn), Math.cos(yaw - turn));
  return [a + k * (x - a), b + k * (y - b), turn + k * back];
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

const LAMPS = { red: "#ff4034", yellow: "#ffce28", green: "#34e264" };
const KINDS = { walker: "#ff78aa", bicycle: "#aa8cff", emergency: "#ff5454", sign: "#ff9632", obstacle: "#ff9632",
  cone: "#ff9632", container: "#ff9632", door: "#ff9632" };
const MODES = { nominal: "plan", limited: "warn", braking: "bad", stopped: "bad" };

function drawBird(pose) {
  const [g, width, height] = prepared($("bird"));
  g.fillStyle = palette.ground;
  g.fillRect(0, 0, width, height);
  if (!pose) return;
  const [x0, y0, yaw] = pose;
  const perM = (0.74 * height) / aheadM, c = Math.cos(yaw), s = Math.sin(yaw);
  const reach = (1.1 * Math.max(width, height)) / perM;
  const at = ([x, y]) => {
    const dx = x - x0, dy = y - y0;
    return [width / 2 + (s * dx - c * dy) * perM, 0.74 * height - (c * dx + s * dy) * perM];
  };
  const trace = (points) => {
    g.beginPath();
    points.forEach((p, i) => (i ? g.lineTo(...at(p)) : g.moveTo(...at(p))));
  };
  const line = (points, style, widthM, least = 1) => {
    if (!points.length) return;
    g.strokeStyle = style;
    g.lineWidth = Math.max(least, widthM * perM);
    trace(points);
    g.stroke();
  };
  g.lineCap = g.lineJoin = "round";
  const near = streets.lanes.filter((lane) => lane.points.some(([x, y]) => Math.hypot(x - x0, y - y0) < reach));
  for (const lane of near) line(lane.points, palette["lane-edge"], lane.width + 0.35);
  for (const lane of near) line(lane.points, palette.lane, lane.width - 0.14);
  g.lineCap = "butt";
  for (const light of state.lights) if (LAMPS[light.state]) line(light.line, LAMPS[light.state], 0.8, 3);
  g.lineCap = "round";
  g.globalAlpha = 0.8;
  line(streets.route, palette.route, 0.5, 2);
  g.globalAlpha = 1;
  drawCorridor(g, trace);
  const plan = state.plan;
  if (plan) line(plan.points, plan.status === "stop" ? palette.bad : palette.plan, 0.9, 3);
  if (state.draft) {
    line(state.draft.route, palette.draft, 0.1, 1.5);
    g.fillStyle = palette.draft;
    for (const p of state.draft.waypoints) {
      g.beginPath();
      g.arc(...at(p), 3, 0, 7);
      g.fill();
    }
  }
  if (showHits) {
    g.fillStyle = palette.hit;
    const size = Math.max(1.5, 0.16 * perM);
    for (const p of state.hits) {
      const [u, v] = at(p);
      g.fillRect(u - size / 2, v - size / 2, size, size);
    }
  }
  const body = ([x, y, turn], length, wide, style) => {
    const bc = Math.cos(turn), bs = Math.sin(turn), l = length / 2, w = wide / 2;
    g.fillStyle = style;
    g.strokeStyle = palette.ground;
    g.lineWidth = 1;
    trace([[l, 0], [0.72 * l, w], [-l, w], [-l, -w], [0.72 * l, -w]].map(([a, b]) => [x + bc * a - bs * b, y + bs * a + bc * b]));
    g.closePath();
    g.fill();
    g.stroke();
  };
  for (const u of state.users) {
    const least = u.kind === "walker" ? 0.9 : 0;
    body(u.pose, Math.max(u.length, least), Math.max(u.width, least), KINDS[u.kind] || palette.body);
  }
  body([x0, y0, yaw], streets.ego.length, streets.ego.width, palette.ego);
  drawScale(g, width, height, perM);
}

function drawCorridor(g, trace) {
  if (!state.corridor) return;
  const mode = state.guard ? MODES[state.guard.mode] : "plan";
  trace([...state.corridor[0], ...state.corridor[1].toReversed()]);
  g.closePath();
  g.globalAlpha = mode === "plan" ? 0.1 : 0.25;
  g.fillStyle = palette[mode];
  g.fill();
  g.globalAlpha = 0.7;
  g.strokeStyle = palette[mode];
  g.lineWidth = 1;
  g.stroke();
  g.globalAlpha = 1;
}

function drawScale(g, width, height, perM) {
  const metres = aheadM > 80 ? 20 : 10;
  g.strokeStyle = g.fillStyle = palette.faint;
  g.lineWidth = 2;
  g.beginPath();
  g.moveTo(16, height - 22);
  g.lineTo(16, height - 16);
  g.lineTo(16 + metres * perM, height - 16);
  g.lineTo(16 + metres * perM, height - 22);
  g.stroke();
  g.font = "12px system-ui, sans-serif";
  g.fillText(metres + " m", 22, height - 22);
}

function drawPlot(canvas, points, style, least, label, limit = null) {
  const [g, width, height] = prepared(canvas);
  g.clearRect(0, 0, width, height);
  const top = niceAbove(Math.max(least, ...points.map((p) => p[1])));
  const end = state.stamp_s;
  const at = ([t, v]) => [width - ((end - t) / HISTORY_S) * width, height - 14 - (v / top) * (height - 26)];
  g.font = "11px system-ui, sans-serif";
  g.fillStyle = palette.faint;
  g.lineWidth = 1;
  for (const share of [0, 0.5, 1]) {
    const y = at([end, share * top])[1];
    g.strokeStyle = palette.edge;
    g.beginPath();
    g.moveTo(0, y);
    g.lineTo(width, y);
    g.stroke();
    if (share) g.fillText(label(+(share * top).toPrecision(3)), 2, y - 3);
  }
  if (limit !== null && limit <= top) {
    g.strokeStyle = palette.bad;
    g.setLineDash([4, 4]);
    g.beginPath();
    g.moveTo(0, at([end, limit])[1]);
    g.lineTo(width, at([end, limit])[1]);
    g.stroke();
    g.setLineDash([]);
  }
  g.fillText("-" + HISTORY_S + " s", 2, height - 2);
  g.fillText("now", width - 24, height - 2);
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

// --- live

function connect() {
  const source = new EventSource("events");
  source.addEventListener("map", (event) => takeMap(JSON.parse(event.data)));
  source.addEventListener("state", (event) => takeState(JSON.parse(event.data)));
  $("camera").src = "camera?" + Date.now();
  setInterval(() => {
    const live = heard > 0 && performance.now() - heard < 2000;
    const link = $("link");
    const was = link.className;
    link.className = "chip " + (live ? "live" : heard ? "lost" : "");
    link.textContent = live ? "live" : heard ? "the drive has ended or stands still" : "connecting";
    // A stream of pictures does not reconnect by itself as the events do.
    if (live && was.includes("lost")) $("camera").src = "camera?" + Date.now();
  }, 500);
}

// --- recorded

let shown = -1, playing = false, startedAt = 0, startedFrom = 0;
const timeOf = (i) => i * (RUN ? RUN.period_s : 1);
const lengthS = () => timeOf(RUN.states.length - 1);

function seek(index, tell = true) {
  index = Math.max(0, Math.min(RUN.states.length - 1, index));
  if (index === shown) return;
  shown = index;
  const drive = RUN.drives.findLast((d) => d.from <= index);
  if (drive && drive.map !== streets) takeMap(drive.map);
  for (const key in history) history[key].length = 0;
  const first = Math.max(drive ? drive.from : 0, index - Math.round(HISTORY_S / RUN.period_s));
  for (let i = first; i < index; i++) {
    state = RUN.states[i];
    remember();
  }
  takeState(RUN.states[index]);
  const picture = RUN.states[index].picture;
  if (picture) $("camera").src = picture;
  $("clock").textContent = timeOf(index).toFixed(1) + " s";
  $("track").setAttribute("aria-valuenow", timeOf(index).toFixed(1));
  const mark = RUN.marks.findLast((m) => m.at <= index && m.at > index - 2 / RUN.period_s);
  $("link").textContent = mark ? mark.kind : "recorded";
  if (mark && mark.kind === "infraction") {
    $("banner").hidden = false;
    $("banner").className = "banner";
    $("banner").textContent = mark.text;
  }
  $("link").className = "chip " + (mark ? "lost" : "");
  if (tell && parent !== window) parent.postMessage({ at: timeOf(index), playing }, "*");
}

function play(on, tell = true) {
  playing = on;
  $("play").textContent = on ? "\u275A\u275A" : "\u25B6";
  if (on && shown >= RUN.states.length - 1) seek(0);
  startedAt = performance.now();
  startedFrom = shown;
  if (tell && parent !== window) parent.postMessage({ at: timeOf(shown), playing }, "*");
}

function advance(now) {
  const index = startedFrom + Math.floor((now - startedAt) / 1000 / RUN.period_s);
  if (index >= RUN.states.length - 1) play(false);
  if (index !== shown) seek(index);
}

function step(count) {
  play(false);
  seek(shown + count);
}

function toMark(direction) {
  const marks = direction > 0 ? RUN.marks.find((m) => m.at > shown) : RUN.marks.findLast((m) => m.at < shown);
  if (!marks) return;
  play(false);
  seek(marks.at);
}

function drawTrack() {
  const [g, width, height] = prepared($("track"));
  g.clearRect(0, 0, width, height);
  const last = Math.max(1, RUN.states.length - 1);
  const x = (i) => 6 + (i / last) * (width - 12);
  const top = Math.max(5, ...RUN.states.map((s) => s.ego ? s.ego.speed_mps : 0));
  g.beginPath();
  g.moveTo(x(0), height);
  RUN.states.forEach((s, i) => g.lineTo(x(i), height - 4 - (s.ego ? s.ego.speed_mps / top : 0) * (height - 22)));
  g.lineTo(x(last), height);
  g.globalAlpha = 0.35;
  g.fillStyle = palette.plan;
  g.fill();
  g.globalAlpha = 1;
  for (const mark of RUN.marks) {
    g.fillStyle = mark.kind === "infraction" ? palette.bad : mark.kind === "drive" ? palette.faint : palette.warn;
    g.fillRect(x(mark.at) - 1, mark.kind === "infraction" ? 2 : 8, 2.5, height);
  }
  g.fillStyle = palette.text;
  g.fillRect(x(shown) - 1, 0, 2, height);
}

function replay() {
  document.body.classList.add("replay");
  document.title = RUN.title + " - automot_ros";
  $("timeline").hidden = false;
  $("third").firstChild.textContent = "action and refiner ";
  $("play").onclick = () => play(!playing);
  $("before").onclick = () => toMark(-1);
  $("next").onclick = () => toMark(1);
  $("track").setAttribute("aria-valuemax", lengthS().toFixed(1));
  const toPointer = (event) => {
    const box = $("track").getBoundingClientRect();
    play(false);
    seek(Math.round((event.clientX - box.left - 6) / (box.width - 12) * (RUN.states.length - 1)));
  };
  $("track").addEventListener("pointerdown", (event) => {
    $("track").setPointerCapture(event.pointerId);
    toPointer(event);
  });
  $("track").addEventListener("pointermove", (event) => { if (event.buttons) toPointer(event); });
  addEventListener("message", (event) => {
    if (event.source !== parent || typeof event.data.at !== "number") return;
    seek(Math.round(event.data.at / RUN.period_s), false);
    play(Boolean(event.data.playing), false);
  });
  seek(Math.max(0, Math.min(RUN.states.length - 1, Math.round((Number(location.hash.slice(1)) || 0) / RUN.period_s))));
}

// --- keys and buttons

function zoom(factor) {
  aheadM = Math.max(15, Math.min(160, aheadM * factor));
  dirty = true;
}

function toggleHits() {
  showHits = !showHits;
  $("hits").setAttribute("aria-pressed", String(showHits));
  dirty = true;
}

const KEYS = { "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), l: toggleHits,
  "?": () => $("help").showModal() };
if (RUN) Object.assign(KEYS, {
  " ": () => play(!playing), n: () => toMark(1), p: () => toMark(-1), Home: () => step(-1e9), End: () => step(1e9),
  ArrowLeft: (e) => step(e.shiftKey ? -1 : -Math.round(1 / RUN.period_s)),
  ArrowRight: (e) => step(e.shiftKey ? 1 : Math.round(1 / RUN.period_s)) });
addEventListener("keydown", (event) => {
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const pressed = event.key === " " && event.target instanceof HTMLButtonElement;
  if (!act || event.ctrlKey || event.metaKey || event.altKey || $("help").open || pressed) return;
  event.preventDefault();
  act(event);
});
$("closer").onclick = () => zoom(0.8);
$("farther").onclick = () => zoom(1.25);
$("hits").onclick = toggleHits;
$("help-open").onclick = () => $("help").showModal();
addEventListener("resize", () => { dirty = true; });

if (RUN) replay(); else connect();
requestAnimationFrame(frame);

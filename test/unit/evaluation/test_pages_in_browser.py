"""The pages in headless Chromium: live from a server, and recorded from files; at three sizes, by keyboard, offline.

`AUTOMOT_SCREENSHOTS=folder` keeps the pictures, to be looked at.
"""

import os
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import CHROMIUM, Browser

from automot_ros.driving.order import Reading
from automot_ros.evaluation.overlay import annotate_camera
from automot_ros.evaluation.page_state import Figures, map_json, state_json
from automot_ros.evaluation.playback import Player
from automot_ros.evaluation.run_page import RunRecorder, write_page, write_side_by_side
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes.page_server import Feed, PageServer
from automot_ros.scene.plan import GuardMode
from automot_ros.vehicle.specification import VehicleSpec

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"), pytest.mark.slow]
SIZES = {"desktop": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
CAR = VehicleSpec()
RATE_HZ = 10.0
HITS = np.stack([np.linspace(104.0, 125.0, 200), np.full(200, 52.0)], axis=1)
FIGURES = Figures(0.012, 0.004, 0.2, 0.031, Reading(throttle=0.3, brake=0.0, steer=0.1),
                  [HITS], {"driving_score": "93.2"})
SHAPES = """[...document.querySelectorAll('main > .card, header > :not([hidden])')].map((e) => {
  const b = e.getBoundingClientRect(); return [e.id || e.className, b.left, b.top, b.right, b.bottom]; })"""
CUT = """[...document.querySelectorAll('#speed, #guard-mode, #ttc, #interventions, #progress-text, #gauges em, h2')]
  .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
  .map((e) => e.id || e.textContent)"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = Browser(tmp_path_factory.mktemp("profile"), *SIZES["desktop"])
    yield made
    made.close()


def moved(view, n):
    """The view a moment later: half a metre on."""
    pose = view.ego.pose_map_to_ego
    x, y = pose.apply(np.array([[0.5 * n, 0.0]]))[0]
    stamp_ns = view.ego.stamp_ns + n * 100_000_000
    view.see_ego(replace(view.ego, stamp_ns=stamp_ns, pose_map_to_ego=Pose2(x, y, pose.yaw_rad)))
    return view


@pytest.fixture
def live(full_view):
    """A page server that is fed as the dashboard node feeds it."""
    feed = Feed()
    server = PageServer(feed, 18_700)
    done = threading.Event()

    def run():
        n = 0
        while not done.wait(1.0 / RATE_HZ):
            view = moved(full_view(), n % 60)
            if n % 60 == 0:
                feed.publish("map", map_json(view.outline, view.route_N2, CAR, RATE_HZ))
            feed.publish("state", state_json(view, FIGURES, CAR))
            feed.publish("picture", cv2.imencode(".jpg", annotate_camera(view, 1.5))[1].tobytes())
            n += 1

    thread = threading.Thread(target=run)
    thread.start()
    yield server
    done.set()
    thread.join()
    server.close()


def resize(browser, size):
    width, height = SIZES[size]
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                mobile=size == "phone")
    return width


def look_at(browser, name, size, folder):
    """What can be judged without eyes: nothing lies over another, sticks out or is cut off; the picture has content."""
    width = resize(browser, size)
    browser.wait(0.35)
    boxes = browser.value(SHAPES)
    assert len(boxes) >= 10
    for box in boxes:
        assert box[1] >= 0 and box[3] <= width, f"{box[0]} sticks out"
        assert box[3] - box[1] > 20 and box[4] - box[2] > 15, f"{box[0]} is squeezed"
    for n, a in enumerate(boxes):
        for b in boxes[n + 1:]:
            assert min(a[3], b[3]) - max(a[1], b[1]) < 1 or min(a[4], b[4]) - max(a[2], b[2]) < 1, f"{a[0]} over {b[0]}"
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(CUT) == []
    keep = Path(os.environ.get("AUTOMOT_SCREENSHOTS", folder))
    keep.mkdir(parents=True, exist_ok=True)
    png = browser.picture(keep / f"{name}_{size}.png")
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert len(np.unique(pixels.reshape(-1, 3) // 8, axis=0)) > 40, "an empty page"


def bird_colours(browser):
    """How many pixels of the bird's-eye view are of the plan's colour and of the ground's."""
    return browser.value("""(() => { const c = new OffscreenCanvas($('bird').width, $('bird').height);
      const g = c.getContext('2d', {willReadFrequently: true});
      g.drawImage($('bird'), 0, 0);
      const d = g.getImageData(0, 0, c.width, c.height).data;
      let plan = 0, hit = 0; for (let i = 0; i < d.length; i += 4) {
        if (d[i] < 90 && d[i + 1] > 190 && d[i + 2] < 190) plan++;
        if (Math.abs(d[i] - 111) < 4 && Math.abs(d[i + 1] - 143) < 4 && Math.abs(d[i + 2] - 181) < 4) hit++; }
      return [plan, hit]; })()""")


def test_the_live_page_at_three_sizes_smooth_silent_and_alone(browser, live, tmp_path):
    browser.open(live.url + "/")
    browser.until("state !== null && document.getElementById('link').textContent === 'live'", 10.0)
    for size in SIZES:
        look_at(browser, "live", size, tmp_path)
    resize(browser, "desktop")
    browser.wait(1.6)
    assert float(browser.value("document.body.dataset.fps")) >= 15.0
    assert browser.value("$('camera').naturalWidth") == 768
    assert browser.value("$('gauges').textContent") == "throttle30 %brake0 %steerleft 10 %"
    plan, hit = bird_colours(browser)
    assert plan > 200 and hit > 4
    browser.press("l", "l")
    browser.wait(0.3)
    assert bird_colours(browser)[1] == 0
    assert all(url.startswith((live.url, "data:")) for url in browser.requested), browser.requested
    assert browser.problems == []


def test_the_live_page_says_why_the_guard_brakes(browser, live, full_view):
    browser.open(live.url + "/")
    browser.until("state !== null", 10.0)
    view = full_view(mode=GuardMode.BRAKING)
    shown = browser.value(f"(takeState({state_json(view, FIGURES, CAR).decode()}), [$('banner').textContent, "
                          "$('banner').hidden, $('guard').className])")
    assert shown == ["guard braking: obstacle at 8 m", False, "card guard braking"]


def write_run(folder, full_view, states=30):
    (folder / "pictures").mkdir(parents=True)
    recorder = RunRecorder(folder, CAR)
    for n in range(states):
        mode = GuardMode.BRAKING if 12 <= n < 16 else GuardMode.NOMINAL
        recorder.take(Player(view=moved(full_view(mode=mode), 2 * n), drives=1))
    return write_page(recorder, [[(8.0, "ran a red light")]], folder, "a run")


def test_a_recorded_run_is_scrubbed_by_keyboard_and_needs_no_server(browser, full_view, tmp_path):
    browser.open(write_run(tmp_path / "page", full_view).as_uri())
    browser.until("typeof shown === 'number' && shown === 0", 10.0)
    marks = [(m["at"], m["kind"]) for m in browser.value("RUN.marks")]
    assert marks == [(0, "drive"), (12, "guard"), (20, "infraction")]
    browser.press("n", "n")
    assert browser.value("shown") == 12
    assert browser.value("$('guard-mode').textContent") == "braking"
    browser.press("N", "N")
    assert (browser.value("shown"), browser.value("$('link').textContent")) == (20, "infraction")
    assert browser.value("$('banner').textContent") == "ran a red light"
    browser.press("p", "p")
    browser.press("ArrowLeft")
    assert browser.value("shown") == 7
    browser.press("Home")
    browser.press(" ", " ")
    browser.wait(1.3)
    assert 4 <= browser.value("shown") <= 9, "plays at the speed of the drive"
    browser.press("End")
    assert browser.value("[shown, playing]") == [29, False]
    for size in SIZES:
        look_at(browser, "recorded", size, tmp_path)
    assert browser.value("$('camera').naturalWidth") == 768
    assert all(url.startswith(("file://", "data:")) for url in browser.requested)
    assert browser.problems == []


def test_two_runs_are_shown_at_the_same_moment(browser, full_view, tmp_path):
    pages = [(name, write_run(tmp_path / name, full_view)) for name in ("one", "two")]
    resize(browser, "desktop")
    browser.open(write_side_by_side(pages, tmp_path / "index.html").as_uri())
    browser.until("document.querySelectorAll('iframe').length === 2", 10.0)
    browser.wait(1.0)
    browser.value("window.heard = []; addEventListener('message', (e) => heard.push(e.data.at)), 0")
    browser.ask("Input.dispatchMouseEvent", type="mousePressed", x=330, y=860, button="left", clickCount=1)
    browser.ask("Input.dispatchMouseEvent", type="mouseReleased", x=330, y=860, button="left", clickCount=1)
    browser.wait(0.8)
    assert 1.5 < browser.value("heard.at(-1)") < 5.0
    keep = Path(os.environ.get("AUTOMOT_SCREENSHOTS", tmp_path))
    pixels = cv2.imdecode(np.frombuffer(browser.picture(keep / "beside.png"), np.uint8), cv2.IMREAD_COLOR)
    left, right = pixels[40:, :716].astype(int), pixels[40:, 722:1438]
    assert np.mean(np.abs(left - right)) < 1.0
    assert browser.problems == []

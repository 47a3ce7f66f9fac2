"""Headless Chromium for tests, through its own pipe: no driver, no other package. Messages of the DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
                None)
ANSWER_S = 30.0


class Browser:
    """One page. `problems` collects what the console calls an error, exceptions, and requests to elsewhere."""

    def __init__(self, profile: Path, width: int, height: int, *, dark: bool = True, phone: bool = False) -> None:
        to_read, self._out = os.pipe()
        self._in, to_write = os.pipe()

        def inherit() -> None:  # the pipe of the protocol is 3 and 4 whatever numbers we have
            low, high = os.dup(to_read), os.dup(to_write)
            os.dup2(low, 3)
            os.dup2(high, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
                 "--no-first-run", "--disable-extensions", "--disable-background-networking",
                 f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        self._process = subprocess.Popen([str(CHROMIUM), *flags, "about:blank"], preexec_fn=inherit, close_fds=False,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self._waiting, self._number = b"", 0
        self.problems: list[str] = []
        self.requested: list[str] = []
        self._session = ""
        (target,) = [t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"][:1]
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme",
                                                          "value": "dark" if dark else "light"}])

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._listen(self._number, ANSWER_S) or {}

    def wait(self, duration_s: float) -> None:
        """Let the page run."""
        self._listen(None, duration_s)

    def _listen(self, number: int | None, limit_s: float) -> dict[str, Any] | None:
        end = time.monotonic() + limit_s
        while (left := end - time.monotonic()) > 0.0:
            if b"\0" not in self._waiting:
                if select.select([self._in], [], [], left)[0]:
                    part = os.read(self._in, 1 << 20)
                    assert part, "the browser has ended"
                    self._waiting += part
                continue
            line, _, self._waiting = self._waiting.partition(b"\0")
            message = json.loads(line)
            if number is not None and message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self._note(message.get("method", ""), message.get("params", {}))
        assert number is None, f"no answer of the browser within {limit_s} s"
        return None

    def _note(self, method: str, about: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(about["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(about["args"])[:500])
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.problems.append(about["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requested.append(about["request"]["url"])

    def open(self, address: str) -> None:
        """Go there from an empty page: nothing of the one before is noted any more."""
        self.ask("Page.navigate", url="about:blank")
        self.wait(0.2)
        self.problems.clear()
        self.requested.clear()
        self.ask("Page.navigate", url=address)
        self.until("document.readyState === 'complete' || typeof requestAnimationFrame === 'undefined'", ANSWER_S)

    def value(self, script: str) -> Any:
        """What an expression of the page's own language gives."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """A key goes down and up."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "")

    def until(self, script: str, limit_s: float) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + limit_s
        while not self.value(f"(() => {{ try {{ return {script}; }} catch (e) {{ return false; }} }})()"):
            assert time.monotonic() < end, f"not within {limit_s} s: {script}; {self.problems}"
            self.wait(0.1)

    def picture(self, path: Path) -> bytes:
        """A PNG of the window."""
        data = base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])
        path.write_bytes(data)
        return data

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(10.0)
        os.close(self._in)
        os.close(self._out)

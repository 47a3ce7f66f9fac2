"""Makes an installed automot_ros run from this checkout: `python .ci/link_sources.py`, by the environment's Python.

The package consists of sources and of generated, compiled messages. After `pip install .` this replaces the installed
copy of the sources by a hook that looks in `src/automot_ros` first: an edit is live at once, and only a change of a
message needs another installation. Not links: an installation would write through them into the checkout.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

HOOK = '''"""Runs automot_ros from a checkout; only the generated messages are here. Written by .ci/link_sources.py."""

__path__.insert(0, {source!r})
with open({init!r}, encoding="utf-8") as _file:
    exec(compile(_file.read(), {init!r}, "exec"))
del _file
'''


def main() -> int:
    """Join the environment that runs this script to the checkout it lies in."""
    source = Path(__file__).resolve().parents[1] / "src" / "automot_ros"
    installed = Path(sysconfig.get_path("platlib")) / "automot_ros"
    if not (installed / "msg" / "__init__.py").is_file():
        print(f"{installed} has no generated messages: `pip install .` first", file=sys.stderr)
        return 1
    for entry in source.iterdir():
        copy = installed / entry.name
        if copy.is_dir():
            shutil.rmtree(copy)
        else:
            copy.unlink(missing_ok=True)
    (installed / "__init__.py").write_text(HOOK.format(source=str(source), init=str(source / "__init__.py")))
    print(f"{installed} runs from {source}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

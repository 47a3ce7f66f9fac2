"""Sums up what mutmut left in mutants/: the share of mistakes that the tests noticed. Fails below 90 %.

`python .ci/mutation_score.py`, after `mutmut run`; a mutant that is listed is looked at with `mutmut show NAME`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WANTED = 0.9
# Exit statuses that mutmut keeps: pytest failed, or crashed; the tests passed; nothing ran for long enough to say.
SURVIVED, NOT_RUN = (0,), (None, 2, 5, 33, 34)


def main() -> int:
    """Print the score and every mutant that lives."""
    files = {path: json.loads(path.read_text())["exit_code_by_key"]
             for path in sorted(Path("mutants/src").rglob("*.meta"))}
    codes = {name: code for found in files.values() for name, code in found.items()}
    lives = [name for name, code in codes.items() if code in SURVIVED]
    unknown = [name for name, code in codes.items() if code in NOT_RUN]
    for name in lives:
        print(f"lives    {name}")
    for name in unknown:
        print(f"not run  {name}")
    if not codes:
        print("no mutants: `mutmut run` first", file=sys.stderr)
        return 1
    score = 1.0 - (len(lives) + len(unknown)) / len(codes)
    print(f"{len(codes)} mutants, {len(lives)} live, {len(unknown)} not run: score {100.0 * score:.1f} %, "
          f"wanted {100.0 * WANTED:.0f} %")
    return 0 if score >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())

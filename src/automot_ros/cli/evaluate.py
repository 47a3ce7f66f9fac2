"""`automot evaluate`: score a driver or all its parts, compare scores, film a route, make a drive a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError

HELP = "score a driver in closed loop on the embedded world"
POLICIES = "nano | expert | stand-still | blind | idm | expert-lidar | noisy | a model folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the five commands."""
    kinds = parser.add_subparsers(dest="kind", required=True)
    loop = kinds.add_parser("closed-loop", help="drive routes in lockstep, without ROS, and score them")
    _add_routes(loop, "plain")
    loop.add_argument("--routes", type=Path, help="a leaderboard route file in the place of suite and seeds")
    loop.add_argument("--maps", type=Path, help="folder of the .xodr maps of --routes (default $CARLA_ROOT)")
    loop.add_argument("--policy", default="nano", help=POLICIES)
    loop.add_argument("--refiner", default="diffusion", choices=("none", "diffusion"))
    loop.add_argument("--guard", default="on", choices=("on", "off"),
                      help="the guard over the policy, baselines too (default on); the expert has no sensors for it")
    loop.add_argument("--understanding-lag-s", type=float, default=0.1, help="simulated time a context takes")
    loop.add_argument("--without", default="", metavar="PARTS",
                      help="take parts of a model away, joined by commas: context, frames, camera, lidar, motion, age, "
                      "decisions")
    _add_runner(loop)
    loop.add_argument("--strips", type=int, default=12, help="failed routes to show pictures of in report.html")
    loop.add_argument("--out", type=Path, default=Path("runs/closed-loop"), help="folder; the same folder resumes")
    parts = kinds.add_parser("ablations", help="what each part of a model is worth: many drivers on the same routes")
    _add_routes(parts, "six,plain")
    parts.add_argument("--policy", default="nano", help="nano | a model folder")
    parts.add_argument("--rows", nargs="+", metavar="ROW", help="these rows only (default: all): names of the table "
                       "(no-context, lag-0.5, blind ...), or NAME=MODEL_FOLDER[:SETTINGS] for other weights, settings "
                       "joined by commas: refiner=none, guard=off, lag=0.5, without=age+motion")
    _add_runner(parts)
    parts.add_argument("--out", type=Path, default=Path("runs/ablations"),
                       help="folder; the same folder resumes, and further rows join its table")
    table = kinds.add_parser("compare", help="one table of several results, with paired differences to the first")
    table.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="--out of a closed-loop evaluation")
    table.add_argument("--out", type=Path, help="write compare.json and compare.html there")
    film = kinds.add_parser("video", help="drive a route of a finished evaluation again and film it")
    film.add_argument("route", help="id of the route, as in result.json")
    film.add_argument("--out", type=Path, default=Path("runs/closed-loop"), help="--out of the evaluation")
    page = kinds.add_parser("page", help="the page of a recorded drive, to scrub: a folder that any browser opens")
    page.add_argument("runs", nargs="+", type=Path, metavar="RUN",
                      help="--out of `automot drive`, or a bag; two are shown side by side")
    page.add_argument("--out", type=Path, required=True, help="a new folder")


def _add_routes(parser: argparse.ArgumentParser, suite: str) -> None:
    parser.add_argument("--suite", default=suite, help="joined by commas: plain, a scenario class, six, all, the path "
                        f"of an .xodr map (default {suite})")
    parser.add_argument("--seeds", default="1000000:1000020",
                        help="A:B, B excluded, for each suite; reported seeds start at 1000000")


def _add_runner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=2, help="routes driven at once on this machine")
    parser.add_argument("--ray", metavar="ADDRESS", help="drive on this running Ray cluster instead; every machine "
                        "needs this package, and route files, maps and weights under the same paths")


def run(args: argparse.Namespace) -> int:
    """Do it; returns 0."""
    return {"closed-loop": _closed_loop, "ablations": _ablations, "compare": _compare, "video": _video,
            "page": _page}[args.kind](args)


def _closed_loop(args: argparse.Namespace) -> int:
    from automot_ros.evaluation.closed_loop import evaluate, parse_seeds
    from automot_ros.evaluation.drivers import DriverSettings
    from automot_ros.evaluation.evaluation_page import write_evaluation_page
    from automot_ros.evaluation.pool import Runner
    from automot_ros.evaluation.routes import file_jobs, suite_jobs
    from automot_ros.evaluation.strips import make_strips

    if not 0.0 <= args.understanding_lag_s <= 5.0:
        raise ConfigError("out of bounds", where="--understanding-lag-s", got=args.understanding_lag_s, wanted="0..5 s")
    if args.strips < 0:
        raise ConfigError("out of bounds", where="--strips", got=args.strips, wanted=">= 0")
    if args.maps is not None and args.routes is None:
        raise ConfigError("maps without a route file", where="--maps", got=args.maps, wanted="--routes FILE.xml too")
    runner = Runner(args.workers, args.ray)
    settings = DriverSettings(policy=args.policy, refiner=args.refiner, guard=args.guard == "on",
                              understanding_lag_s=args.understanding_lag_s,
                              without=tuple(part for part in args.without.split(",") if part))
    if args.routes is not None:
        jobs, about = file_jobs(args.routes, args.maps), {"suite": str(args.routes)}
    else:
        jobs, about = suite_jobs(args.suite, parse_seeds(args.seeds)), {"suite": args.suite, "seeds": args.seeds}

    def say(line: str) -> None:
        print(line, flush=True)

    say(f"embedded world, {about['suite']}, {len(jobs)} routes, driver {settings.label}")
    result = evaluate(jobs, settings, args.out, runner, say, maps=args.maps, about=about)
    say(f"{settings.label}: driving score {result['driving_score']:.2f}  success {100 * result['success_rate']:.1f} %  "
        f"route completion {result['route_completion']:.2f} %  (embedded world, {len(jobs)} routes)")
    say(f"infractions {result['infractions']}")
    if result["crashed"]:
        say(f"{result['crashed']} routes crashed or could not be set up and count as 0; see `error` in their files")
    if result["not_run"]:
        say(f"scenarios that are not known and were not run: {result['not_run']}")
    note = make_strips(jobs, result["routes"], settings, args.out, runner, args.strips, say)
    say(f"wrote {args.out / 'result.json'} and {write_evaluation_page(args.out, result, note)}")
    return 0


def _ablations(args: argparse.Namespace) -> int:
    from automot_ros.evaluation.ablations import rows_asked, run_ablations
    from automot_ros.evaluation.closed_loop import parse_seeds
    from automot_ros.evaluation.compare import as_text
    from automot_ros.evaluation.pool import Runner
    from automot_ros.evaluation.routes import suite_jobs

    rows = rows_asked(args.rows or (), args.policy)
    jobs = suite_jobs(args.suite, parse_seeds(args.seeds))
    result = run_ablations(jobs, rows, args.out, Runner(args.workers, args.ray), lambda line: print(line, flush=True),
                           {"suite": args.suite, "seeds": args.seeds})
    for group in result["groups"]:
        print(f"\n{group['title']}\n{as_text(group['rows'])}")
    print(f"\nwrote {args.out / 'result.json'} and {args.out / 'ablations.html'}")
    return 0


def _compare(args: argparse.Namespace) -> int:
    from automot_ros.evaluation.compare import as_text, compare, write_comparison

    rows = compare(args.folders)
    print(as_text(rows))
    if args.out is not None:
        write_comparison(rows, args.out)
        print(f"wrote {args.out / 'compare.json'} and {args.out / 'compare.html'}")
    return 0


def _video(args: argparse.Namespace) -> int:
    from automot_ros.evaluation.filming import film_route
    from automot_ros.evaluation.routes import recorded_route

    job, settings, record = recorded_route(args.out, args.route)
    print(f"driving {job.id} again ...", flush=True)
    print(f"wrote {film_route(job, settings, record, args.out / 'videos' / f'{job.id}.webm')}")
    return 0


def _page(args: argparse.Namespace) -> int:
    from automot_ros.evaluation.run_page import pages_of

    if len(args.runs) > 2:
        raise ConfigError("too many runs", where="RUN", got=len(args.runs), wanted="one or two")
    print(f"wrote {pages_of(args.runs, args.out)}: open it in a browser; keys: ?")
    return 0

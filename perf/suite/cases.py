"""What is measured, one function a row or a few of the table; each takes the length of a run's turns."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

from . import build
from .rows import Row

# Rates of the latency curves, in events a second.
RATES = (1_000, 20_000, 100_000)

def run(*command):
    """What a command prints on standard output and standard error; fails with its last line."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=build.ROOT)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"{pathlib.Path(str(command[0])).name}: exit code {done.returncode}: {last[0]}")
    return done.stdout, done.stderr


def number(pattern, text):
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"nothing like {pattern!r} in what was printed: {text.strip()[:200]!r}")
    return float(found.group(1).replace(",", ""))


def in_turns(turns, **takes):
    """Each of the takes once a turn, in an order that moves on: no one always runs after the same one."""
    taken = {name: [] for name in takes}
    names = list(takes)
    for turn in range(turns):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            taken[name].append(takes[name]())
    return taken


# ---------------------------------------------------------------- stages


def parse(turns):
    file = build.events(1_000_000)
    passes = 3
    ns = r"([\d.]+) ns/event"
    sums = set()

    def take(*command):
        out, _ = run(*command)
        # `pull` sums up lengths.
        if "pull" not in command:
            sums.add(re.search(r"checksum (\w+)", out).group(1))
        return 1e9 / number(ns, out)

    ours = build.example("parse_file")
    taken = in_turns(
        turns,
        guided=lambda: take(ours, file, "guided", passes),
        convert=lambda: take(build.WORK / "on_demand", file, "convert", passes),
        pull=lambda: take(build.WORK / "on_demand", file, "pull", passes),
    )
    if len(sums) != 1:
        raise RuntimeError(f"the parsers disagree about the file: checksums {sorted(sums)}")
    tape = take(ours, file, "tape", 1)
    rows = [
        Row.beside("parse/on_demand", "parse stage, one core", "events/s", taken["guided"],
                   "C++ simdjson On-Demand, the same values converted", taken["convert"]),
        Row.beside("parse/on_demand_pull", "parse stage, one core", "events/s", taken["guided"],
                   "C++ simdjson On-Demand that only touches three strings", taken["pull"]),
        Row.beside("parse/tape", "parse stage, guided", "events/s", taken["guided"][:1],
                   "our reference path, simd-json's tape", [tape]),
    ]
    return rows, {}


def replay(turns):
    file = build.events(6_000_000)
    ours = [build.PROGRAM, "replay", file, "--every", "100ms"]
    own = r"in [\d.]+ s \((\d+) lines/s\)"
    taken = in_turns(
        turns,
        dedup=lambda: number(own, run(*ours)[1]),
        plain=lambda: number(own, run(*ours, "--no-dedup")[1]),
        rival=lambda: number(r"\((\d+) events/s\)", run(build.WORK / "whole_job", file)[1]),
    )
    by_hand = "the same job by hand in C++, one thread, no recognition of copies"
    return [
        Row.beside("replay/whole_job", "`replay`, two threads, all semantics", "events/s", taken["dedup"],
                   by_hand, taken["rival"]),
        Row.beside("replay/whole_job_no_dedup", "`replay --no-dedup`", "events/s", taken["plain"],
                   by_hand, taken["rival"]),
    ], {}


def socket(turns):
    out, _ = run(build.example("socket_to_snapshot"), 1, turns)
    figures = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in out.splitlines()[1:]}
    sink = figures["sink"][0]
    rows = []
    for reader, what in (("snapshot", "socket to published snapshot"), ("ring", "socket to ring")):
        rate, _, of_sink, least, most, _ = figures[reader]
        rows.append(Row(f"socket/{reader}", what, "events/s", rate, "a loop that only reads the same socket", sink,
                        of_sink, least, most))
    return rows, {}


def scale(turns):
    out, _ = run(build.example("scale"), turns)
    ns = {line.split()[0]: float(line.split()[1]) for line in out.splitlines()}
    per_s = lambda case: 1e9 / ns[case]
    rows = []
    for case, base, what, beside in (
        ("sessions/1000000", "sessions/1000", "apply, 1,000,000 open sessions", "1,000 open sessions"),
        ("sessions/100000", "sessions/1000", "apply, 100,000 open sessions", "1,000 open sessions"),
        ("sessions/10000", "sessions/1000", "apply, 10,000 open sessions", "1,000 open sessions"),
        ("window/1h", "window/1min", "apply, a window of 1 h", "a window of 1 min"),
        ("messages/100000/buckets", "messages/100000/recount", "a message, 100,000 in the window",
         "the tutorial's algorithm, in Rust too"),
        ("messages/1000/buckets", "messages/1000/recount", "a message, 1,000 in the window",
         "the tutorial's algorithm, in Rust too"),
    ):
        rows.append(Row.beside(f"scale/{case}", what, "events/s", [per_s(case)], beside, [per_s(base)]))
    for case, what in (
        ("open_session", "memory of an open session"),
        ("closed_session", "memory of a closed session, kept for the lateness"),
        ("fingerprint", "memory of a message's fingerprint"),
    ):
        rows.append(Row(f"memory/{case}", what, "bytes", ns[f"memory/{case}"]))
    window = {
        kind: [[int(case.split("/")[1]), value] for case, value in ns.items() if case.endswith(kind)]
        for kind in ("buckets", "recount")
    }
    sessions = [[int(case.split("/")[1]), value] for case, value in ns.items() if case.startswith("sessions/")]
    return rows, {"window_ns": window, "sessions_ns": sessions}


def growth(_turns):
    out, _ = run(build.example("table_growth"))
    stall = number(r"the longest took (\d+) us", out) / 1e3
    return [Row("growth/stall", "longest batch while the table grows to 1,000,000 rows", "ms", stall)], {}


def allocations(_turns):
    out, _ = run("cargo", "test", "--quiet", "--locked", "--release", "--test", "alloc")
    passed = int(number(r"(\d+) passed", out))
    # The tests fail when there is one.
    what = f"allocations an event on ingest and writer threads, steady state ({passed} tests)"
    return [Row("allocations", what, "allocations", 0.0)], {}


# ---------------------------------------------------------------- the whole


def load(rate, seconds, *more):
    """The report of a load, and its percentile curve."""
    with tempfile.TemporaryDirectory() as folder:
        json_file, hgrm = pathlib.Path(folder, "a.json"), pathlib.Path(folder, "a.hgrm")
        run(build.PROGRAM, "load", "--rate", rate, "--duration", f"{seconds}s", "--warmup", "2s",
            "--json", json_file, "--hgrm", hgrm, *more)
        return json.loads(json_file.read_text()), curve(hgrm.read_text())


def curve(hgrm):
    """Points (percentile, milliseconds) of a percentile distribution as text."""
    rows = [line.split() for line in hgrm.splitlines()]
    return [[float(row[1]), float(row[0])] for row in rows if len(row) >= 3 and row[0][0].isdigit()]


def ping(seconds):
    """Quantiles of waking a parked thread, in milliseconds: p50, p99, p99.9 and max, by where they count from."""
    out, _ = run(build.example("park_ping"), 1_000, seconds)
    return {line.split()[0]: [float(word) for word in line.split()[1:]] for line in out.splitlines()[1:]}


def latency(turns):
    curves, reports = {}, {}
    seconds = 2 * turns
    for rate in RATES:
        before = ping(turns)
        reports[rate], curves[rate] = load(rate, seconds)
        after = ping(turns)
    pinged = [min(pair) for pair in zip(before["due"], after["due"])]
    report = reports[RATES[-1]]
    corrected, arrival = report["corrected"], report["arrival"]
    beside = "waking a parked thread on the same grid"
    rows = []
    for name, key, place in (("p99", "p99_ms", 1), ("p99.9", "p99_9_ms", 2)):
        what = f"arrival to visible at 100,000 events/s, {name}, from the due time"
        rows.append(Row(f"latency/{name}", what, "ms", corrected[key], beside, pinged[place]))
        what = f"arrival to visible at 100,000 events/s, {name}, from the engine's read"
        rows.append(Row(f"latency/{name}_engine", what, "ms", arrival[key]))
    slip = report["slip"]
    rows.append(Row("latency/slip", "the sender's own lateness at 100,000 events/s, p99", "ms", slip["p99_ms"]))
    series = {"latency_ms": {str(rate): points for rate, points in curves.items()}}
    series["load"] = {str(rate): reports[rate] for rate in RATES}
    return rows, series


def readers(turns):
    """What readers cost: the same load with more and more of them."""
    found, first = [], None
    for count in (0, 1, 4, 16):
        report, _ = load("max", turns, "--queries", count)
        per_s = report["rate_per_s"]
        first = first or per_s
        queries = report["queries"] or {"per_s": 0.0}
        found.append([count, per_s, queries["per_s"]])
    rows = [
        Row(f"readers/{count}", f"the whole with {count} readers, which asked {asked:,.0f} queries/s", "events/s",
            per_s, "the whole without readers", first, per_s / first)
        for count, per_s, asked in found[1:]
    ]
    return rows, {"readers": found}


def graphql(turns):
    out, _ = run("perf/graphql.sh", turns, 2)
    ours, constant = number(r"graphql +([\d.e+]+)", out), number(r"constant +([\d.e+]+)", out)
    return [Row.beside("graphql/constant", "GraphQL `realTimeMetrics`, wrk -t1 -c16", "requests/s", [ours],
                       "hyper with a constant body", [constant])], {}


def idle(turns):
    """Processor use of an engine whose stream is live and silent, in percent of a core."""
    with Program("simulate", "--listen", "127.0.0.1:0", "--rate", "0.01") as simulator:
        token, stream = (simulator.says(rf"^{name} +(\S+)") for name in ("token", "stream"))
        credentials = {"GENESYS_CLIENT_ID": "demo", "GENESYS_CLIENT_SECRET": "demo"}
        where = ["--token-url", token, "--stream-url", stream, "--listen", "127.0.0.1:0"]
        with Program("serve", *where, **credentials) as engine:
            url = engine.says(r"(http://[\d.:]+)")
            # Once the handshake is behind it.
            ready(f"{url}/readyz")
            before, at = cpu_seconds(engine.process.pid), time.monotonic()
            time.sleep(2 * turns)
            share = (cpu_seconds(engine.process.pid) - before) / (time.monotonic() - at)
            ready(f"{url}/readyz")
    return [Row("idle", "an engine whose stream is live and silent", "% of a core", 100 * share)], {}


class Program:
    """A command of ours that runs until it is stopped."""

    def __init__(self, *words, **environment):
        self.process = subprocess.Popen([build.PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, env=os.environ | environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    def says(self, pattern):
        """The first group of the next line that matches."""
        said = []
        for line in self.process.stdout:
            found = re.search(pattern, line)
            if found:
                return found.group(1)
            said.append(line.strip())
        raise RuntimeError(f"it ended and said: {' / '.join(said)}")


def ready(url):
    """Waits until the engine says that it is ready."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url}: not ready within ten seconds")


def cpu_seconds(pid):
    total = 0
    # Nanoseconds of each thread; /proc/PID/stat counts whole hundredths of a second.
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


CANONICAL = (socket, latency)
FULL = (parse, replay, socket, latency, graphql, scale, growth, readers, idle, allocations)

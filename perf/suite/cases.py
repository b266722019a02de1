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
from . import mess as messes
from . import processor
from .processor import Used
from .rows import Row

# Rates of the latency curves, in events a second.
RATES = (1_000, 20_000, 100_000)
# How the programs print processor time.
CPU = r"cpu ([\d.]+) ns/event"


def run(*command):
    """What a command prints on standard output and standard error; fails with its last line."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=build.ROOT)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"{pathlib.Path(str(command[0])).name}: exit code {done.returncode}: {last[0]}")
    return done.stdout, done.stderr


def number(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
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
    cpu = {}

    def take(*command):
        out, _ = run(*command)
        # `pull` sums up lengths.
        if "pull" not in command:
            sums.add(re.search(r"checksum (\w+)", out).group(1))
        cpu.setdefault(command[2], []).append((number(CPU, out), {"main": number(CPU, out)}))
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
    stage = "parse stage"
    return rows, {"processor": processor.stored(
        Used.median("parse/guided", stage, "ours", "event", cpu["guided"]),
        Used.median("parse/tape", stage, "ours, simd-json's tape alone", "event", cpu["tape"]),
        Used.median("parse/convert", stage, "C++ simdjson On-Demand", "event", cpu["convert"]),
        Used.median("parse/pull", stage, "C++ simdjson On-Demand, three strings only", "event", cpu["pull"]),
    )}


def mess(turns):
    """Traffic that nobody made up for a benchmark: the parse stage beside the tape on the same file, and
    what the whole of `replay` costs. Rates are of processor time, so that neighbours disturb little."""
    rows, used = [], []
    ours = build.example("parse_file")
    for name, (what, _) in messes.FILES.items():
        file = messes.file(name)
        sums, replayed = set(), []

        def take(path):
            out, _ = run(ours, file, path, 1, "labels")
            sums.add(re.search(r"events \d+  others \d+  checksum \w+", out).group(0))
            return 1e9 / number(CPU, out)

        def replay():
            _, err, cpu = processor.run(build.PROGRAM, "replay", file, "--every", "100ms", every_s=0.002)
            replayed.append(processor.each(cpu, messes.LINES))

        taken = in_turns(turns, guided=lambda: take("guided"), tape=lambda: take("tape"), replay=replay)
        if len(sums) != 1:
            raise RuntimeError(f"{file.name}: guided path and tape disagree: {sorted(sums)}")
        rows.append(Row.beside(f"mess/{name}", f"parse, {what}", "events/s", taken["guided"],
                               "the tape on the same file", taken["tape"]))
        ns = lambda path: [(1e9 / rate, {"main": 1e9 / rate}) for rate in taken[path]]
        used += [
            Used.median(f"mess/{name}/guided", f"parse, {what}", "ours", "event", ns("guided")),
            Used.median(f"mess/{name}/tape", f"parse, {what}", "ours, simd-json's tape alone", "event", ns("tape")),
            Used.median(f"mess/{name}/replay", f"replay, {what}", "ours", "event", replayed),
        ]
    return rows, {"processor": processor.stored(*used)}


def replay(turns):
    file = build.events(6_000_000)
    ours = [build.PROGRAM, "replay", file, "--every", "100ms"]
    own = r"in [\d.]+ s \((\d+) lines/s\)"
    cpu = {"dedup": [], "plain": [], "rival": []}

    def take(whose, rate, *command):
        _, err, used = processor.run(*command)
        cpu[whose].append(processor.each(used, 6_000_000))
        return number(rate, err)

    taken = in_turns(
        turns,
        dedup=lambda: take("dedup", own, *ours),
        plain=lambda: take("plain", own, *ours, "--no-dedup"),
        rival=lambda: take("rival", r"\((\d+) events/s\)", build.WORK / "whole_job", file),
    )
    by_hand = "the same job by hand in C++, one thread, no recognition of copies"
    return [
        Row.beside("replay/whole_job", "`replay`, two threads, all semantics", "events/s", taken["dedup"],
                   by_hand, taken["rival"]),
        Row.beside("replay/whole_job_no_dedup", "`replay --no-dedup`", "events/s", taken["plain"],
                   by_hand, taken["rival"]),
    ], {"processor": processor.stored(
        Used.median("replay/dedup", "`replay`", "ours", "event", cpu["dedup"]),
        Used.median("replay/plain", "`replay --no-dedup`", "ours", "event", cpu["plain"]),
        Used.median("replay/rival", "the same job by hand", "C++, one thread", "event", cpu["rival"]),
    )}


def socket(turns):
    out, _ = run(build.example("socket_to_snapshot"), 1, turns)
    lines = [line.split() for line in out.splitlines()[1:]]
    figures = {line[0]: [float(word) for word in line[1:]] for line in lines if line[0] != "cpu"}
    cpu = {}
    for _, reader, thread, ns in (line for line in lines if line[0] == "cpu"):
        cpu.setdefault(reader, {})[thread] = float(ns)
    sink = figures["sink"][0]
    rows = []
    for reader, what in (("snapshot", "socket to published snapshot"), ("ring", "socket to ring")):
        rate, _, of_sink, least, most, _ = figures[reader]
        rows.append(Row(f"socket/{reader}", what, "events/s", rate, "a loop that only reads the same socket", sink,
                        of_sink, least, most))
    whose = {"snapshot": "ours, into published snapshots", "ring": "ours, into the ring", "sink": "a loop that only reads"}
    return rows, {"processor": processor.stored(*(
        Used(f"socket/{reader}", "from a socket", whose[reader], "event", sum(threads.values()), threads)
        for reader, threads in cpu.items()
    ))}


def scale(turns):
    out, _ = run(build.example("scale"), turns)
    ns = {line.split()[0]: float(line.split()[1]) for line in out.splitlines()}
    # Behind the time it took, the processor time of the same turn.
    cpu = {line.split()[0]: float(line.split()[4]) for line in out.splitlines() if " cpu " in line}
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
    used = processor.stored(*(
        Used(f"scale/{case}", f"apply, {case.replace('/', ' ')}", whose, "event", value, {"main": value})
        for case, value in cpu.items()
        for whose in ["the tutorial's algorithm" if case.endswith("recount") else "ours"]
    ))
    return rows, {"window_ns": window, "sessions_ns": sessions, "processor": used}


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
        # Seldom looked at: latency is measured meanwhile.
        _, _, cpu = processor.run(build.PROGRAM, "load", "--rate", rate, "--duration", f"{seconds}s", "--warmup", "2s",
                                  "--json", json_file, "--hgrm", hgrm, *more, every_s=0.1)
        report = json.loads(json_file.read_text())
        report["processor"] = processor.each(cpu, report["totals"]["sent"])
        return report, curve(hgrm.read_text())


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
    series["processor"] = processor.stored(*(
        Used(f"latency/{rate}", f"`load` at {rate:,} events/s, open loop", "ours, generator and all", "event",
             *reports[rate]["processor"])
        for rate in RATES
    ))
    return rows, series


def readers(turns):
    """What readers cost: the same load with more and more of them."""
    found, first, cpu = [], None, {}
    for count in (0, 1, 4, 16):
        report, _ = load("max", turns, "--queries", count)
        cpu[count] = report["processor"]
        per_s = report["rate_per_s"]
        first = first or per_s
        queries = report["queries"] or {"per_s": 0.0}
        found.append([count, per_s, queries["per_s"]])
    rows = [
        Row(f"readers/{count}", f"the whole with {count} readers, which asked {asked:,.0f} queries/s", "events/s",
            per_s, "the whole without readers", first, per_s / first)
        for count, per_s, asked in found[1:]
    ]
    engine = {count: sum(threads.get(name, 0.0) for name in ("ingest", "writer")) for count, (_, threads) in cpu.items()}
    for count in (1, 4, 16):
        what = f"processor time an event of ingest and writer under {count} readers"
        rows.append(Row(f"readers/{count}/processor", what, "times that without", engine[count] / engine[0]))
    used = processor.stored(*(
        Used(f"readers/{count}", f"`load --rate max` with {count} readers", "ours, generator and all", "event", *both)
        for count, both in cpu.items()
    ))
    return rows, {"readers": found, "processor": used}


def graphql(turns):
    out, _ = run("perf/graphql.sh", turns, 2)
    ours, constant = number(r"graphql +([\d.e+]+)", out), number(r"constant +([\d.e+]+)", out)
    return [Row.beside("graphql/constant", "GraphQL `realTimeMetrics`, wrk -t1 -c16", "requests/s", [ours],
                       "hyper with a constant body", [constant])], {"processor": processor.stored(*(
        Used(f"graphql/{whose}", "GraphQL `realTimeMetrics`", names, "request", *cpu_lines(out, whose))
        for whose, names in (("graphql", "ours, which ingests meanwhile"), ("constant", "hyper with a constant body"))
    ))}


def posts(turns):
    out, _ = run("perf/posts.sh", turns, 3)
    figure = lambda name: number(rf"^{name} +([\d.e+]+)", out)
    parts = (("one", "posts of one event, wrk -t1 -c16, sender and engine on the same cores", "requests/s"),
             ("batches", "the same in posts of 1,000 events", "events/s"))
    rows = [Row(f"posts/{name}", what, unit, figure(name)) for name, what, unit in parts]
    return rows, {"processor": processor.stored(*(
        Used(f"posts/{name}", what, "ours", "event", figure(f"cpu {name}"), {}) for name, what, _ in parts
    ))}


def cpu_lines(out, whose):
    """Whole and by thread, of lines such as `cpu graphql writer 12.5`."""
    threads = {}
    for line in out.splitlines():
        words = line.split()
        if words[:2] == ["cpu", whose]:
            threads[words[2]] = float(words[3])
    return sum(threads.values()), threads


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
    return sum(processor.by_name(processor.tasks(pid)).values())


CANONICAL = (socket, latency)
FULL = (parse, mess, replay, socket, latency, graphql, posts, scale, growth, readers, idle, allocations)

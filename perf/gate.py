"""Compares counted instructions with the baseline; `perf/gate.sh` calls it.

    gate.py COUNTS [--update]      COUNTS: what the bench printed, a JSON object a line
"""

import json
import pathlib
import subprocess
import sys

BASELINE = pathlib.Path(__file__).with_name("baseline.tsv")
# A count may grow by this share.
BOUND = 0.03


def counted(path):
    """Instructions by case, such as `parse/guided`."""
    counts = {}
    for line in pathlib.Path(path).read_text().splitlines():
        if not line.startswith("{"):
            continue
        case = json.loads(line)
        stage = case["module_path"].split("::")[-1]
        instructions = 0
        for part in (part for profile in case["profiles"] for part in profile["data"]["parts"]):
            instructions += part["metrics"]["Ir"]["values"]["new"]
        counts[f"{stage}/{case['id']}"] = instructions
    return counts


def compiler():
    return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def update(counts):
    lines = [f"# instructions a case, {compiler()}; written by perf/gate.sh --update"]
    lines += [f"{case}\t{count}" for case, count in sorted(counts.items())]
    BASELINE.write_text("\n".join(lines) + "\n")
    print(f"gate: {len(counts)} counts written to {BASELINE.name}")


def compare(counts):
    first, *rest = BASELINE.read_text().splitlines()
    if compiler() not in first:
        print(f"gate: the baseline is of another compiler: {first[2:]}", file=sys.stderr)
    baseline = {case: int(count) for case, count in (line.split("\t") for line in rest)}
    crossed = sorted(baseline.keys() - counts.keys())
    for case in crossed:
        print(f"{case:24} not counted any more")
    for case, count in sorted(counts.items()):
        before = baseline.get(case)
        change = "new" if before is None else f"{100 * (count / before - 1):+.2f} %"
        print(f"{case:24} {count:>12} {change:>10}")
        if before is None or count > before * (1 + BOUND):
            crossed.append(case)
    if crossed:
        names = ", ".join(crossed)
        sys.exit(f"gate: {names}: over the baseline by more than {BOUND:.0%}, or without one; mend it, or --update and say why")


if __name__ == "__main__":
    counts = counted(sys.argv[1])
    if not counts:
        sys.exit("gate: the bench counted nothing; run `cargo bench --bench instructions` to see why")
    (update if "--update" in sys.argv[2:] else compare)(counts)

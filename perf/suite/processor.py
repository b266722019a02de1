"""Processor time, by thread: what a user pays for, and what survives a change of machine."""

import collections
import dataclasses
import pathlib
import resource
import statistics
import subprocess
import threading

from . import build


@dataclasses.dataclass
class Used:
    """Nanoseconds of processor time an event (or request) of one program, whole and by thread."""

    id: str
    what: str
    whose: str
    unit: str
    whole_ns: float
    threads: dict

    @classmethod
    def median(cls, id, what, whose, unit, taken):
        """The turn in the middle: its whole and its threads belong together."""
        middle = sorted(taken, key=lambda one: one[0])[len(taken) // 2]
        return cls(id, what, whose, unit, middle[0], middle[1])

    def cells(self):
        named = sorted(self.threads.items(), key=lambda item: -item[1])
        by_thread = ", ".join(f"{name} {ns:,.1f}" for name, ns in named)
        return [self.what, self.whose, f"{self.whole_ns:,.1f} ns/{self.unit}", by_thread]


HEAD = ["what", "whose", "processor time", "by thread, ns"]


class Threads:
    """Looks at the threads of a process until it ends. What a thread used after the last look is in no
    thread's share; the whole is exact all the same, because the system tells it when the process ends."""

    def __init__(self, pid, every_s):
        self.pid, self.every_s = pid, every_s
        self.seen = {}
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def _run(self):
        while not self.stop.is_set():
            self.seen |= tasks(self.pid)
            self.stop.wait(self.every_s)

    def seconds(self):
        """Seconds by the threads' names."""
        return by_name(self.seen)


def tasks(pid):
    """Name and nanoseconds so far of each living thread, by its number."""
    found = {}
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            name = (task / "comm").read_text().strip()
            found[task.name] = (name, int((task / "schedstat").read_text().split()[0]))
    except OSError:
        # It has ended meanwhile.
        pass
    return found


def by_name(found):
    seconds = collections.Counter()
    for name, ns in found.values():
        seconds[name] += ns / 1e9
    return dict(seconds)


def run(*command, every_s=0.01):
    """Like `cases.run`, with the processor time of the command: in seconds, whole and by thread."""
    words = [str(word) for word in command]
    before = children_s()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=build.ROOT)
    with Threads(process.pid, every_s) as threads:
        out, err = process.communicate()
    whole = children_s() - before
    if process.returncode != 0:
        last = (err or out).strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"{pathlib.Path(words[0]).name}: exit code {process.returncode}: {last[0]}")
    return out, err, (whole, shares(whole, threads.seconds()))


def shares(whole_s, by_thread):
    """The threads' seconds and what no look has seen, which together are the whole."""
    rest = whole_s - sum(by_thread.values())
    # Looks and the system's sum are rounded differently.
    return by_thread | ({"rest": rest} if rest > 0.01 * whole_s else {})


def children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def each(used, count):
    """Nanoseconds an event of what `run` has measured."""
    whole_s, by_thread = used
    return whole_s * 1e9 / count, {name: seconds * 1e9 / count for name, seconds in by_thread.items()}


def spent(before, after, count):
    """Nanoseconds an event between two looks at a process."""
    by_thread = {
        tid: (name, ns - before.get(tid, (name, 0))[1]) for tid, (name, ns) in after.items()
    }
    named = {name: 1e9 * seconds / count for name, seconds in by_name(by_thread).items() if seconds > 0}
    return sum(named.values()), named


def ratio_of(ours, theirs):
    """How many times the other's processor time; medians."""
    return statistics.median(one[0] for one in ours) / statistics.median(one[0] for one in theirs)


def table(used):
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(Used(**one).cells()) + " |" for one in used]
    return "\n".join(lines)


def stored(*used):
    """As results hold them."""
    return [dataclasses.asdict(one) for one in used]



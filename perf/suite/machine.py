"""What a figure depends on beside the program: machine, commit, and who else was at work."""

import os
import pathlib
import platform
import resource
import subprocess
import time


def describe():
    """The machine and the tools, as they stand in the results."""
    return {
        "cpu": _line("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_line("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1),
        "system": f"{platform.system()} {platform.release()}",
        "rustc": _first_line("rustc", "--version"),
        "gxx": _first_line("g++", "--version"),
    }


def commit():
    """The commit, and `+` when the tree differs from it; None outside a repository."""
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    if found.returncode != 0:
        return None
    # Results are written while it runs; they change no figure.
    changed = ["git", "status", "--porcelain", "--", ".", ":!perf/results", ":!README.md"]
    is_dirty = subprocess.run(changed, capture_output=True, text=True).stdout.strip()
    return found.stdout.strip() + ("+" if is_dirty else "")


class Watch:
    """The share of the machine that other processes took meanwhile: 0.05 is 5 % of all cores."""

    def __enter__(self):
        self.before = self._now()
        return self

    def __exit__(self, *_):
        busy, own, at = (now - before for now, before in zip(self._now(), self.before))
        self.foreign = max(0.0, busy - own) / (at * os.cpu_count())

    @staticmethod
    def _now():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        # user, nice, system, idle, iowait, irq, softirq, steal
        busy = sum(fields[:3]) + sum(fields[5:8])
        own = 0.0
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            own += usage.ru_utime + usage.ru_stime
        return busy / os.sysconf("SC_CLK_TCK"), own, time.monotonic()


def _line(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.split(":", 1)[1].strip()
    return "0"


def _first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError):
        return None

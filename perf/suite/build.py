"""Builds what is measured, and says what is missing before anything is measured."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "perf"
PROGRAM = TARGET / "release" / "streamgauge"

# Commands, and the Debian packages that have them.
NEEDED = {"cargo": "rustup or cargo"}
NEEDED_FULL = {"g++": "g++", "wrk": "wrk", **NEEDED}


class Missing(Exception):
    """Something has to be installed first."""


def check(is_full):
    needed = NEEDED_FULL if is_full else NEEDED
    missing = [package for command, package in needed.items() if shutil.which(command) is None]
    if is_full and shutil.which("g++") and not _has_simdjson():
        missing.append("libsimdjson-dev")
    if missing:
        names = " ".join(missing)
        raise Missing(f"perf: {names}: not found; install what is missing (Debian: apt-get install {names})")


def _has_simdjson():
    probe = ["g++", "-std=c++17", "-x", "c++", "-fsyntax-only", "-include", "simdjson.h", os.devnull]
    return subprocess.run(probe, capture_output=True).returncode == 0


def build(is_full):
    """The program, the examples and, for the whole table, the rivals in C++."""
    examples = ["socket_to_snapshot", "park_ping"]
    if is_full:
        examples += ["parse_file", "scale", "table_growth", "graphql_constant"]
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--bin", "streamgauge"]
    for name in examples:
        command += ["--example", name]
    subprocess.run(command, cwd=ROOT, check=True)
    if not is_full:
        return
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("on_demand", "whole_job"):
        source, made = ROOT / "perf" / "rivals" / f"{name}.cpp", WORK / name
        if made.exists() and made.stat().st_mtime > source.stat().st_mtime:
            continue
        flags = ["-O3", "-march=native", "-std=c++17"]
        subprocess.run(["g++", *flags, "-o", made, source, "-lsimdjson"], check=True)


def example(name):
    return TARGET / "release" / "examples" / name


def events(count):
    """A file of so many events at 50,000 a second, made once: the same seed gives the same bytes."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"events_{count}.ndjson"
    if not path.exists():
        part = path.with_suffix(".part")
        command = [PROGRAM, "simulate", "--rate", "50000", "--seed", "1", "--events", str(count), "--out", part]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        part.rename(path)
    # Into the page cache, so that no disk is measured.
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
    return path

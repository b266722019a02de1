"""What each figure aims at, by the id of its row: the one place, so that a report judges old results too."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Aim:
    limit: float
    # What is held to the limit: the ratio to the baseline, or the figure itself.
    is_ratio: bool
    is_least: bool

    def is_reached(self, row):
        if self.is_ratio:
            figure = row.ratio if row.ratio is not None else row.value / row.beside_value
        else:
            figure = row.value
        return figure >= self.limit if self.is_least else figure <= self.limit

    def text(self, unit):
        sign = "≥" if self.is_least else "≤"
        return f"{sign} {self.limit:g} ×" if self.is_ratio else f"{sign} {self.limit:g} {unit}"


def ratio_at_least(limit):
    return Aim(limit, is_ratio=True, is_least=True)


def ratio_at_most(limit):
    return Aim(limit, is_ratio=True, is_least=False)


def at_most(limit):
    return Aim(limit, is_ratio=False, is_least=False)


def at_least(limit):
    return Aim(limit, is_ratio=False, is_least=True)


AIMS = {
    "parse/on_demand": ratio_at_least(2.0),
    "replay/whole_job": ratio_at_least(2.0),
    "socket/snapshot": ratio_at_least(0.6),
    "latency/p99": ratio_at_most(2.0),
    "latency/p99.9": ratio_at_most(2.0),
    "graphql/constant": ratio_at_least(0.85),
    "posts/one": at_least(20_000.0),
    "posts/batches": at_least(500_000.0),
    "scale/sessions/1000000": ratio_at_least(0.7),
    "scale/window/1h": ratio_at_least(0.95),
    "memory/open_session": at_most(80.0),
    "growth/stall": at_most(0.2),
    "idle": at_most(1.0),
    "allocations": at_most(0.0),
    "readers/16/processor": at_most(1.1),
}
# Of every kind of traffic: none may fall below the reference path.
MESS = ratio_at_least(1.0)


def of(id):
    """The aim of a row; None where it has none."""
    return MESS if id.startswith("mess/") else AIMS.get(id)

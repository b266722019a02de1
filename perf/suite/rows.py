"""A figure with what it is set beside."""

import dataclasses
import statistics


@dataclasses.dataclass
class Row:
    id: str
    what: str
    unit: str
    value: float
    beside_what: str | None = None
    beside_value: float | None = None
    ratio: float | None = None
    ratio_least: float | None = None
    ratio_most: float | None = None
    # Of the ratio at least this, or of a value without one at most this.
    aim: float | None = None
    hoped: float | None = None
    is_limit: bool = False
    # The share of the machine that others took meanwhile.
    foreign: float | None = None

    @classmethod
    def beside(cls, id, what, unit, ours, beside_what, theirs, aim=None, hoped=None):
        single = [a / b for a, b in zip(ours, theirs)]
        value, beside = statistics.median(ours), statistics.median(theirs)
        return cls(id, what, unit, value, beside_what, beside, value / beside, min(single), max(single), aim, hoped)

    @classmethod
    def at_most(cls, id, what, unit, value, limit):
        return cls(id, what, unit, value, aim=limit, is_limit=True)

    @property
    def is_met(self):
        """None where there is no aim."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.is_limit else self.ratio >= self.aim

    def cells(self):
        """The row as text: what, value, beside, ratio, aim, verdict."""
        beside = ratio = ""
        if self.beside_value is not None:
            beside = f"{self.beside_what}: {shown(self.beside_value, self.unit)}"
        if self.ratio is not None:
            ratio = f"{self.ratio:.2f}" if self.ratio < 100 else f"{self.ratio:,.0f}"
            if self.ratio_least is not None and self.ratio_least != self.ratio_most:
                ratio += f" ({self.ratio_least:.2f} to {self.ratio_most:.2f})"
        aim = ""
        if self.aim is not None:
            aim = f"≤ {self.aim:g}" if self.is_limit else f"≥ {self.aim:g}"
            aim += f", hoped {self.hoped:g}" if self.hoped else ""
        verdict = {None: "", True: "met", False: "missed"}[self.is_met]
        return [self.what, shown(self.value, self.unit), beside, ratio, aim, verdict]


def shown(value, unit):
    """A value with three or four digits that mean something."""
    if value >= 1e6:
        return f"{value / 1e6:.2f} million {unit}"
    if value >= 1e3:
        return f"{value:,.0f} {unit}"
    return f"{value:.3g} {unit}"

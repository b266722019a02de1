"""A figure and its baseline."""

import dataclasses
import statistics

from . import aims


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
    # The share of the machine that others took meanwhile.
    foreign: float | None = None

    @classmethod
    def beside(cls, id, what, unit, ours, beside_what, theirs):
        single = [a / b for a, b in zip(ours, theirs)]
        value, beside = statistics.median(ours), statistics.median(theirs)
        return cls(id, what, unit, value, beside_what, beside, value / beside, min(single), max(single))

    @property
    def is_met(self):
        """None where there is no aim."""
        aim = aims.of(self.id)
        return None if aim is None else aim.is_reached(self)

    def cells(self):
        """The row as text: what, value, beside, ratio, aim, verdict."""
        beside = ratio = ""
        if self.beside_value is not None:
            beside = f"{self.beside_what}: {shown(self.beside_value, self.unit)}"
        if self.beside_value:
            of_beside = self.ratio if self.ratio is not None else self.value / self.beside_value
            ratio = f"{of_beside:.2f}" if of_beside < 100 else f"{of_beside:,.0f}"
            if self.ratio_least is not None and self.ratio_least != self.ratio_most:
                ratio += f" ({self.ratio_least:.2f} to {self.ratio_most:.2f})"
        aim = aims.of(self.id)
        aim = "" if aim is None else aim.text(self.unit)
        verdict = {None: "", True: "reached", False: "missed"}[self.is_met]
        return [self.what, shown(self.value, self.unit), beside, ratio, aim, verdict]


def shown(value, unit):
    """A value with three or four digits that mean something."""
    if value >= 1e6:
        return f"{value / 1e6:.2f} million {unit}"
    if value >= 1e3:
        return f"{value:,.0f} {unit}"
    return f"{value:.3g} {unit}"

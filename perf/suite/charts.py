"""The charts as SVG, written by hand: three small ones need no library."""

import math
from html import escape

from .aims import AIMS

WIDTH, HEIGHT = 760, 420
INK, MUTED, GRID = "#1b1f24", "#57606a", "#d8dee4"
OURS, RIVAL = "#0969da", "#9aa4ae"
# Distinguished without colours too: by the labels at their ends.
LINES = ("#1a7f37", "#0969da", "#cf222e")


class Svg:
    def __init__(self, title, subtitle, height=HEIGHT):
        self.height = height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        ]
        self.text(20, 28, title, size=17, weight=600)
        self.text(20, 48, subtitle, colour=MUTED)

    def text(self, x, y, text, colour=INK, size=13, anchor="start", weight=400):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" font-weight="{weight}" '
            f'text-anchor="{anchor}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, colour=GRID, width=1, dash=""):
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{dash}/>')

    def rect(self, x, y, width, height, colour):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{colour}"/>')

    def path(self, points, colour):
        steps = " ".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(points))
        self.parts.append(f'<path d="{steps}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-linejoin="round"/>')

    def dots(self, points, colour):
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]

    def done(self):
        return "\n".join([*self.parts, "</svg>", ""])


def footer(svg, results):
    machine = results["machine"]
    text = f"{machine['cpu']}, {machine['cores']} cores, commit {results['commit'] or 'unknown'}, {results['started'][:10]}"
    svg.text(20, svg.height - 12, text, colour=MUTED, size=11)


def throughput(results):
    """Bars: events a second of each stage, what it is set beside in grey."""
    rows = {row["id"]: row for row in results["rows"]}
    bars = []

    def add(id, label, beside=None):
        row = rows.get(id)
        if row is None:
            return
        bars.append((label, row["value"], OURS))
        if beside:
            bars.append((beside, row["beside_value"], RIVAL))

    add("parse/on_demand", "parse, one core", "simdjson On-Demand, C++")
    add("socket/ring", "socket to ring")
    add("socket/snapshot", "socket to snapshot", "only reading the socket")
    add("replay/whole_job", "replay, whole job")
    add("replay/whole_job_no_dedup", "replay --no-dedup", "whole job by hand, C++")
    add("scale/sessions/100000", "apply, 100,000 sessions")
    add("scale/sessions/1000000", "apply, 1,000,000 sessions")
    left, top, step = 210, 70, 30
    height = top + step * len(bars) + 46
    svg = Svg("Throughput per stage", "million events a second, medians of one run; grey is what we measure against", height)
    most = max(value for _, value, _ in bars)
    scale = (WIDTH - left - 80) / most
    ticks = nice_ticks(most / 1e6)
    for tick in ticks:
        x = left + tick * 1e6 * scale
        svg.line(x, top - 8, x, top + step * len(bars))
        svg.text(x, top + step * len(bars) + 16, f"{tick:g}", colour=MUTED, anchor="middle")
    for place, (label, value, colour) in enumerate(bars):
        y = top + step * place
        svg.rect(left, y, value * scale, 20, colour)
        svg.text(left - 10, y + 15, label, anchor="end")
        svg.text(left + value * scale + 8, y + 15, f"{value / 1e6:.1f}", weight=600)
    footer(svg, results)
    return svg.done()


def nice_ticks(most, count=5):
    rough = most / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
    return [step * number for number in range(int(most / step) + 1)]


class Frame:
    """A plot with a logarithmic y axis; x is already a number from 0 to 1."""

    left, right, top, bottom = 70, WIDTH - 150, 70, HEIGHT - 70

    def __init__(self, svg, y_least, y_most):
        self.svg = svg
        self.low = math.floor(math.log10(y_least))
        self.high = math.ceil(math.log10(y_most))

    def x(self, share):
        return self.left + share * (self.right - self.left)

    def y(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - self.top)

    def y_axis(self, label):
        for power in range(self.low, self.high + 1):
            y = self.y(10 ** power)
            self.svg.line(self.left, y, self.right, y)
            self.svg.text(self.left - 8, y + 4, label(10 ** power), colour=MUTED, anchor="end")

    def x_tick(self, share, label):
        x = self.x(share)
        self.svg.line(x, self.top, x, self.bottom)
        self.svg.text(x, self.bottom + 18, label, colour=MUTED, anchor="middle")

    def x_name(self, name):
        self.svg.text((self.left + self.right) / 2, self.bottom + 38, name, colour=MUTED, anchor="middle")

    def spread(self, ends):
        """The ends' heights, moved apart so that labels do not cover one another."""
        placed = []
        for y, *rest in sorted(ends):
            y = max(y, placed[-1][0] + 17) if placed else y
            placed.append((y, *rest))
        over = max(0.0, placed[-1][0] - self.bottom) if placed else 0.0
        return [(y - over, *rest) for y, *rest in placed]


def latency(results):
    """Lines: latency by percentile, one a rate."""
    curves = results["series"]["latency_ms"]
    nines = 4
    share = lambda percentile: min(-math.log10(max(1 - percentile, 1e-9)) / nines, 1.0)
    shown = {}
    for rate, points in curves.items():
        # Up to the first point at or past the axis' end.
        inside = sum(share(percentile) < 1 for percentile, _ in points)
        shown[rate] = [(share(percentile), max(ms, 1e-3)) for percentile, ms in points[:inside + 1]]
    values = [ms for points in shown.values() for _, ms in points] + [10.0]
    svg = Svg("From due to visible", "milliseconds by percentile, open loop, counted from the time an event was due")
    frame = Frame(svg, min(values), max(values))
    frame.y_axis(lambda ms: f"{ms:g} ms")
    for percentile in (0, 0.9, 0.99, 0.999, 0.9999):
        frame.x_tick(share(percentile), f"{100 * percentile:g} %")
    frame.x_name("percentile")
    ends = []
    for (rate, points), colour in zip(sorted(shown.items(), key=lambda item: int(item[0])), LINES):
        places = [(frame.x(x), frame.y(ms)) for x, ms in points]
        svg.path(places, colour)
        ends.append((places[-1][1], f"{int(rate):,}/s", colour))
    measured = {row["id"]: row for row in results["rows"]}
    for percentile, id in ((0.99, "latency/p99"), (0.999, "latency/p99.9")):
        limit = AIMS[id].limit * measured[id]["beside_value"]
        x, y = frame.x(share(percentile)), frame.y(limit)
        svg.line(x - 45, y, x + 45, y, colour=INK, width=2, dash="5 4")
        # On white, as a curve may pass behind it.
        svg.rect(x - 32, y + 5, 64, 16, "#ffffff")
        svg.text(x, y + 17, f"aim {limit:.2g} ms", anchor="middle", size=12)
    for y, label, colour in frame.spread(ends):
        svg.text(frame.right + 8, y + 4, label, colour=colour, weight=600)
    footer(svg, results)
    return svg.done()


def window(results):
    """Lines: what a message costs as the window holds more of them."""
    series = results["series"]["window_ns"]
    named = (("buckets", "streamgauge", OURS), ("recount", "tutorial's algorithm", LINES[2]))
    values = [ns for points in series.values() for _, ns in points]
    most = max(count for points in series.values() for count, _ in points)
    least = min(count for points in series.values() for count, _ in points)
    share = lambda count: math.log10(count / least) / math.log10(most / least)
    svg = Svg("What a message costs as the window grows", "nanoseconds an event; both in Rust, so that the algorithms are compared")
    frame = Frame(svg, min(values), max(values))
    frame.y_axis(nanoseconds)
    for power in range(int(math.log10(least)), int(math.log10(most)) + 1):
        frame.x_tick(share(10 ** power), f"{10 ** power:,}")
    frame.x_name("messages in the window")
    ends = []
    for name, label, colour in named:
        points = [(frame.x(share(count)), frame.y(ns)) for count, ns in sorted(series[name])]
        svg.path(points, colour)
        svg.dots(points, colour)
        ends.append((points[-1], label, colour))
    for (x, y), label, colour in ends:
        # The tutorial's line ends early: its label is next to its end.
        svg.text(x + 10, y + 4, label, colour=colour, weight=600)
    footer(svg, results)
    return svg.done()


def nanoseconds(ns):
    for limit, unit in ((1e6, "ms"), (1e3, "µs")):
        if ns >= limit:
            return f"{ns / limit:g} {unit}"
    return f"{ns:g} ns"


# The threads of a bar, distinguished by the words beside it too.
SHADES = ("#0969da", "#54aeff", "#8250df", "#bf8700", "#1a7f37", "#57606a")
# What is drawn: the whole job and its rivals, and the worst and the plainest of the rest.
DRAWN = ("parse/guided", "parse/tape", "parse/convert", "replay/dedup", "replay/plain", "replay/rival", "socket/snapshot",
         "socket/ring", "socket/sink", "mess/plain/replay", "mess/layouts_80/replay", "mess/escapes_100/replay",
         "mess/non_ascii_100/replay", "mess/queues/replay", "scale/sessions/1000", "scale/sessions/1000000")


def processor(results):
    """Bars: processor time an event by thread, ours and the rivals'."""
    used = {one["id"]: one for one in results.get("processor", [])}
    bars = [used[id] for id in DRAWN if id in used]
    if not bars:
        raise KeyError("processor")
    left, top, step = 20, 70, 46
    height = top + step * len(bars) + 30
    svg = Svg("Processor time an event", "nanoseconds of all threads together, user and system time; grey is a rival", height)
    scale = (WIDTH - left - 100) / max(bar["whole_ns"] for bar in bars)
    for place, bar in enumerate(bars):
        y = top + step * place
        threads = sorted(bar["threads"].items(), key=lambda item: -item[1])
        is_ours = bar["whose"].startswith("ours")
        words = f"{bar['what']}: {bar['whose']}".replace("`", "")
        if len(threads) > 1:
            words += " (" + ", ".join(f"{name} {ns:,.0f}" for name, ns in threads) + ")"
        svg.text(left, y + 12, words, size=12)
        x = left
        for number, (_, ns) in enumerate(threads):
            colour = SHADES[min(number, len(SHADES) - 1)] if is_ours else RIVAL
            svg.rect(x, y + 18, max(ns * scale - 1, 0.5), 16, colour)
            x += ns * scale
        svg.text(x + 8, y + 31, f"{bar['whole_ns']:,.0f} ns", weight=600)
    footer(svg, results)
    return svg.done()


ALL = {"throughput.svg": throughput, "processor.svg": processor, "latency.svg": latency, "window.svg": window}

// One live chart on a canvas: uPlot with our colours, fixed spans, gaps that break the lines and say
// what they were, limits of alert rules, and a sentence for those who do not see it.

import uPlot from "uplot";

import { broken, latest, shaded, type Break, type Columns, type Span } from "../data/series.ts";
import type { Gap, Phase } from "../data/answers.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { clock } from "../format.ts";

export interface Line {
  readonly label: string;
  /** The custom property that holds its colour. */
  readonly colour: string;
  /** Dashes in pixels: lines are distinguished by more than colour. */
  readonly dash?: number[];
  /** Whether the area below is filled. */
  readonly isFilled?: boolean;
}

export interface Kind {
  readonly key: string;
  readonly lines: readonly Line[];
  /** How values read in the legend, and on the axis. */
  readonly format: (value: number | null) => string;
  readonly tick: (value: number) => string;
  /** Values with the widest labels: the axis keeps room for them, so that it never moves. */
  readonly widest: readonly number[];
  /** Distances of the axis' ticks, where tens do not do. */
  readonly steps?: readonly number[];
}

/** The threshold of an alert rule. */
export interface Limit {
  readonly value: number;
  readonly label: string;
  readonly phase: Phase;
}

/** What a chart shows at a time. */
export interface Drawing {
  readonly title: string;
  readonly columns: Columns;
  readonly span: Span;
  readonly gaps: readonly Gap[];
  readonly limits: readonly Limit[];
  /** What the legend says of now, line by line; none: the line's last value. */
  readonly now: readonly (number | null | undefined)[];
}

/** Charts that move together: pointing at one points at all. */
const SYNC = "streamgauge";
/** A limit further away than this many times the greatest value is named at the edge, not drawn. */
const LIMIT_REACH = 2.5;
const PHASE_COLOURS: Readonly<Record<Phase, string>> = { OK: "--good", PENDING: "--warn", FIRING: "--bad" };

export class Chart {
  readonly root: HTMLElement;
  readonly #kind: Kind;
  readonly #title: HTMLElement;
  readonly #at = element("span", { class: "at" });
  readonly #legend: HTMLElement[];
  readonly #place: HTMLElement;
  readonly #measure = document.createElement("canvas").getContext("2d");
  #plot: uPlot | undefined;
  #font = "";
  #drawing: Drawing | undefined;
  #breaks: readonly Break[] = [];
  #pointed: number | undefined;

  constructor(kind: Kind) {
    this.#kind = kind;
    const id = `chart-${kind.key}`;
    this.#title = element("h3", { id });
    this.#legend = kind.lines.map(() => element("b", {}));
    const items = kind.lines.map((line, index) => {
      const item = element("li", { class: "key", "data-line": index }, line.label, " ");
      item.style.setProperty("--line", `var(${line.colour})`);
      setAttribute(item, "data-dash", line.dash === undefined ? undefined : (line.dash[0] ?? 0) < 4 ? "dotted" : "dashed");
      item.append(this.#legend[index] ?? "");
      return item;
    });
    this.#place = element("div", { class: "plot", role: "img" });
    this.root = element(
      "section",
      { class: "panel chart", "aria-labelledby": id, "data-chart": kind.key },
      element("header", {}, this.#title, this.#at, element("ul", { class: "legend" }, ...items)),
      this.#place,
    );
    new ResizeObserver(() => this.#fit()).observe(this.#place);
  }

  /** Shows a drawing at once. */
  draw(drawing: Drawing): void {
    const { columns, span, gaps, title } = drawing;
    const breaks = shaded(gaps, span);
    this.#drawing = { ...drawing, columns: broken(columns, breaks) };
    this.#breaks = breaks;
    setText(this.#title, title);
    if (this.#plot !== undefined && this.#font !== fontOf(getComputedStyle(this.#place))) {
      this.#plot.destroy();
      this.#plot = undefined;
    }
    this.#plot ??= this.#make();
    this.#plot.batch(() => {
      this.#plot?.setData(this.#drawing?.columns as uPlot.AlignedData, false);
      this.#plot?.setScale("x", { min: span.from, max: span.to });
    });
    this.#say();
  }

  /** The legend's words of now, between two drawings. */
  now(values: Drawing["now"]): void {
    if (this.#drawing !== undefined) {
      this.#drawing = { ...this.#drawing, now: values };
      this.#say();
    }
  }

  /** Rebuilds the plot: its colours are read when it is made. */
  recolour(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#drawing !== undefined) {
      this.draw(this.#drawing);
    }
  }

  #say(): void {
    const drawing = this.#drawing;
    if (drawing === undefined) {
      return;
    }
    const [moments, ...lines] = drawing.columns;
    const at = this.#pointed === undefined ? undefined : moments[this.#pointed];
    const gap = at === undefined ? undefined : this.#breaks.find(({ from, to }) => from <= at && at <= to);
    setText(this.#at, at === undefined ? "" : `${clock(at * 1_000, false)}${gap === undefined ? "" : ` ${gap.words}`}`);
    const words = this.#kind.lines.map((line, index) => {
      const values = lines[index] ?? [];
      const now = this.#kind.format(drawing.now[index] ?? latest(values));
      const legend = this.#legend[index];
      if (legend !== undefined) {
        setText(legend, this.#pointed === undefined ? now : this.#kind.format(values[this.#pointed] ?? null));
      }
      const known = values.filter((value) => value !== null);
      return known.length === 0
        ? `${line.label}: no values`
        : `${line.label}: ${now}, between ${this.#kind.format(Math.min(...known))} and ${this.#kind.format(Math.max(...known))}`;
    });
    const since = moments[0];
    const from = since === undefined ? "" : ` since ${clock(since * 1_000, false)}`;
    const limits = drawing.limits.map(({ label }) => `; ${label}`).join("");
    const gaps = this.#breaks.length === 0 ? "" : ` Gaps: ${this.#breaks.map((each) => each.words).join("; ")}.`;
    setAttribute(this.#place, "aria-label", `${drawing.title}${from}. ${words.join("; ")}${limits}.${gaps}`);
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#place;
    if (width > 0 && height > 0) {
      this.#plot?.setSize({ width, height });
    }
  }

  #make(): uPlot {
    const style = getComputedStyle(this.#place);
    this.#font = fontOf(style);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const size = Number.parseFloat(style.fontSize) || 12;
    const font = `${size}px ${style.fontFamily}`;
    const axis = {
      stroke: colour("--ink-soft"),
      font,
      grid: { stroke: colour("--grid"), width: 1 },
      ticks: { show: false },
    };
    const gap = size * 0.5;
    const moment = (at: number, step: number): string => clock(at * 1_000, false).slice(0, step >= 60 ? 5 : 8);
    const options: uPlot.Options = {
      width: Math.max(1, this.#place.clientWidth),
      height: Math.max(1, this.#place.clientHeight),
      legend: { show: false },
      // The last moment is written under the end of the axis, half of it beyond.
      padding: [size * 0.8, Math.ceil(this.#width("00:00:00", font) / 2) + 2, 0, 0],
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, y: false },
      scales: { y: { range: (_plot, _min, max) => [0, this.#top(max)] } },
      axes: [
        {
          ...axis,
          space: this.#width("00:00:00", font) + size * 1.5,
          size: size * 1.9,
          gap: size * 0.4,
          values: (_plot, moments, _axis, _space, step) => moments.map((at) => moment(at, step)),
        },
        {
          ...axis,
          space: size * 3,
          ...(this.#kind.steps ? { incrs: [...this.#kind.steps] } : {}),
          size: (_plot, values) => {
            const labels = [...this.#kind.widest.map(this.#kind.tick), ...(values ?? [])];
            // No less than half of the first moment, which is written under its beginning.
            return Math.ceil(Math.max(this.#width("00:00:00", font) / 2, ...labels.map((text) => this.#width(text, font))) + gap + 5);
          },
          gap,
          values: (_plot, values) => values.map((value) => this.#kind.tick(value)),
        },
      ],
      series: [
        {},
        ...this.#kind.lines.map((line): uPlot.Series => {
          const stroke = colour(line.colour);
          return {
            label: line.label,
            stroke,
            width: Math.max(1.5, size / 7),
            points: { show: false },
            spanGaps: false,
            ...(line.dash ? { dash: line.dash.map((part) => (part * size) / 12) } : {}),
            ...(line.isFilled ? { fill: `color-mix(in srgb, ${stroke} 16%, transparent)` } : {}),
          };
        }),
      ],
      hooks: {
        drawClear: [(plot) => this.#shade(plot, colour("--gap"))],
        draw: [(plot) => this.#mark(plot, font, colour)],
        setCursor: [
          (plot) => {
            this.#pointed = plot.cursor.idx ?? undefined;
            this.#say();
          },
        ],
      },
    };
    const [moments = [], ...lines] = this.#drawing?.columns ?? [[]];
    return new uPlot(options, [moments, ...lines] as uPlot.AlignedData, this.#place);
  }

  /** The greatest value that the axis reaches: limits that are near lie below it. */
  #top(max: number | null): number {
    const most = Math.max(1, max ?? 0);
    const limits = (this.#drawing?.limits ?? []).map(({ value }) => value).filter((value) => value <= most * LIMIT_REACH);
    return Math.max(most, ...limits) * 1.12;
  }

  #width(text: string, font: string): number {
    if (this.#measure === null) {
      return text.length * 8;
    }
    this.#measure.font = font;
    return this.#measure.measureText(text).width;
  }

  /** Gaps of the stream lie behind the lines: there, events may be missing. */
  #shade(plot: uPlot, fill: string): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = fill;
    for (const { from, to } of this.#breaks) {
      const left = plot.valToPos(from, "x", true);
      const width = Math.max(2, plot.valToPos(to, "x", true) - left);
      ctx.fillRect(left, bbox.top, width, bbox.height);
    }
    ctx.restore();
  }

  /** Limits over the lines, and what gaps were where there is room to say so. */
  #mark(plot: uPlot, font: string, colour: (name: string) => string): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    const [right, bottom] = [bbox.left + bbox.width, bbox.top + bbox.height];
    ctx.save();
    ctx.font = font.replace(/^[\d.]+/, (size) => String(Number(size) * ratio));
    ctx.textAlign = "left";
    const room = ctx.measureText("00").width;
    const write = (text: string, x: number, y: number): void => {
      const width = ctx.measureText(text).width;
      if (width > bbox.width) {
        return;
      }
      const left = Math.max(bbox.left, Math.min(x, right - width));
      ctx.strokeStyle = colour("--panel");
      ctx.lineWidth = 4 * ratio;
      ctx.setLineDash([]);
      ctx.strokeText(text, left, y);
      ctx.fillText(text, left, y);
    };
    let taken = -Infinity;
    for (const { from, to, words } of this.#breaks) {
      const [left, end] = [plot.valToPos(from, "x", true), plot.valToPos(to, "x", true)];
      const width = ctx.measureText(words).width;
      const start = Math.max(bbox.left, Math.min((left + end - width) / 2, right - width));
      if (start > taken) {
        ctx.fillStyle = colour("--ink");
        ctx.textBaseline = "top";
        write(words, start, bbox.top);
        taken = start + width + room;
      }
    }
    for (const { value, label, phase } of this.#drawing?.limits ?? []) {
      const ink = colour(PHASE_COLOURS[phase]);
      ctx.fillStyle = ink;
      const y = plot.valToPos(value, "y", true);
      const isIn = y >= bbox.top;
      if (isIn) {
        ctx.strokeStyle = ink;
        ctx.lineWidth = 1.5 * ratio;
        ctx.setLineDash([8 * ratio, 4 * ratio]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(right, y);
        ctx.stroke();
      }
      const text = isIn ? label : `${label} ↑`;
      ctx.textBaseline = isIn && y - room > bbox.top ? "bottom" : "top";
      write(text, right, Math.max(bbox.top, Math.min(y, bottom)));
    }
    ctx.restore();
  }
}

/** What a plot's texts are written in: it is read when the plot is made, so a plot lasts as long. */
function fontOf({ fontSize, fontFamily }: CSSStyleDeclaration): string {
  return `${fontSize} ${fontFamily}`;
}

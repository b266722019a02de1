// One live chart on a canvas: uPlot with our colours, fixed spans, shaded gaps, and a sentence that
// says what it shows to those who do not see it.

import uPlot from "uplot";

import { latest, shaded, type Columns, type Span } from "../data/series.ts";
import type { Gap } from "../data/answers.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { clock } from "../format.ts";

export interface Line {
  readonly label: string;
  /** The custom property that holds its colour. */
  readonly colour: string;
  /** Dashes in pixels: lines are told apart by more than colour. */
  readonly dash?: number[];
  /** Whether the area below is filled. */
  readonly isFilled?: boolean;
}

export interface Kind {
  readonly key: string;
  readonly title: string;
  readonly lines: readonly Line[];
  /** How values read in the legend, and on the axis. */
  readonly format: (value: number | null) => string;
  readonly tick: (value: number) => string;
  /** Distances of the axis' ticks, where tens do not do. */
  readonly steps?: readonly number[];
}

/** Charts that move together: pointing at one points at all. */
const SYNC = "streamgauge";

export class Chart {
  readonly root: HTMLElement;
  readonly #kind: Kind;
  readonly #title: HTMLElement;
  readonly #legend: HTMLElement[];
  readonly #place: HTMLElement;
  #plot: uPlot | undefined;
  #columns: Columns;
  #gaps: readonly Gap[] = [];
  #span: Span = { from: 0, to: 1 };

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#columns = [[], ...kind.lines.map(() => [])];
    const id = `chart-${kind.key}`;
    this.#title = element("h3", { id }, kind.title);
    this.#legend = kind.lines.map(() => element("b", {}));
    const items = kind.lines.map((line, index) => {
      const item = element("li", { class: "key", "data-line": index }, line.label, " ");
      item.style.setProperty("--line", `var(${line.colour})`);
      item.toggleAttribute("data-dashed", line.dash !== undefined);
      item.append(this.#legend[index] ?? "");
      return item;
    });
    this.#place = element("div", { class: "plot", role: "img", "aria-label": kind.title });
    this.root = element(
      "section",
      { class: "panel chart", "aria-labelledby": id, "data-chart": kind.key },
      element("header", {}, this.#title, element("ul", { class: "legend" }, ...items)),
      this.#place,
    );
    new ResizeObserver(() => this.#fit()).observe(this.#place);
  }

  /** Shows columns over a span; draws at once. */
  draw(columns: Columns, span: Span, gaps: readonly Gap[], title: string): void {
    this.#columns = columns;
    this.#span = span;
    this.#gaps = gaps;
    setText(this.#title, title);
    this.#plot ??= this.#make();
    this.#plot.batch(() => {
      this.#plot?.setData(columns as uPlot.AlignedData, false);
      this.#plot?.setScale("x", { min: span.from, max: span.to });
    });
    this.#say();
  }

  /** Makes the plot anew: its colours are read when it is made. */
  recolour(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#columns[0].length > 0) {
      this.draw(this.#columns, this.#span, this.#gaps, this.#title.textContent ?? "");
    }
  }

  #say(): void {
    const [moments, ...lines] = this.#columns;
    const words = this.#kind.lines.map((line, index) => {
      const values = lines[index] ?? [];
      const text = this.#kind.format(latest(values));
      const legend = this.#legend[index];
      if (legend !== undefined) {
        setText(legend, text);
      }
      const known = values.filter((value) => value !== null);
      return known.length === 0
        ? `${line.label}: no values`
        : `${line.label}: ${text}, between ${this.#kind.format(Math.min(...known))} and ${this.#kind.format(Math.max(...known))}`;
    });
    const since = moments[0];
    const from = since === undefined ? "" : ` since ${clock(since * 1_000, false)}`;
    setAttribute(this.#place, "aria-label", `${this.#title.textContent ?? ""}${from}. ${words.join("; ")}.`);
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#place;
    if (width > 0 && height > 0) {
      this.#plot?.setSize({ width, height });
    }
  }

  #make(): uPlot {
    const style = getComputedStyle(this.#place);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const size = Number.parseFloat(style.fontSize) || 12;
    const font = `${size}px ${style.fontFamily}`;
    const axis = {
      stroke: colour("--ink-soft"),
      font,
      grid: { stroke: colour("--grid"), width: 1 },
      ticks: { show: false },
    };
    const options: uPlot.Options = {
      width: Math.max(1, this.#place.clientWidth),
      height: Math.max(1, this.#place.clientHeight),
      legend: { show: false },
      padding: [size * 0.6, size * 2, 0, 0],
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, y: false },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, (max || 0) * 1.12)] } },
      axes: [
        {
          ...axis,
          space: size * 7,
          size: size * 1.9,
          gap: size * 0.4,
          values: (_plot, moments) => moments.map((moment) => clock(moment * 1_000, false)),
        },
        {
          ...axis,
          space: size * 3,
          ...(this.#kind.steps ? { incrs: [...this.#kind.steps] } : {}),
          size: size * 4.4,
          gap: size * 0.4,
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
            ...(line.dash ? { dash: line.dash } : {}),
            ...(line.isFilled ? { fill: `color-mix(in srgb, ${stroke} 16%, transparent)` } : {}),
          };
        }),
      ],
      hooks: { drawClear: [(plot) => this.#shade(plot, colour("--gap"))] },
    };
    return new uPlot(options, this.#columns as uPlot.AlignedData, this.#place);
  }

  /** Gaps of the stream lie behind the lines: there, events may be missing. */
  #shade(plot: uPlot, fill: string): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = fill;
    for (const { from, to } of shaded(this.#gaps, this.#span)) {
      const left = plot.valToPos(from, "x", true);
      const width = Math.max(2, plot.valToPos(to, "x", true) - left);
      ctx.fillRect(left, bbox.top, width, bbox.height);
    }
    ctx.restore();
  }
}

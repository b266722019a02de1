// The four charts of the page and what each is made of.

import type { Details, Gap } from "../data/answers.ts";
import { asIs, columns, inSeconds, perMinute, type Columns } from "../data/series.ts";
import { NONE, duration, number, short } from "../format.ts";
import { dimensionOf, type View } from "../view/address.ts";
import { Chart, type Kind } from "./chart.ts";

const seconds = (value: number | null): string => (value === null ? NONE : duration(value * 1_000));

/** Counts have no halves. */
const WHOLE = Array.from({ length: 11 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const KINDS: readonly (Kind & { columns: (details: Details) => Columns })[] = [
  {
    key: "messages",
    title: "Messages per minute",
    lines: [{ label: "messages", colour: "--line-1", isFilled: true }],
    format: number,
    tick: short,
    steps: WHOLE,
    columns: ({ messages }) => columns([messages[0]], perMinute),
  },
  {
    key: "sessions",
    title: "Sessions",
    lines: [
      { label: "open", colour: "--line-2" },
      { label: "active", colour: "--line-3", dash: [6, 3] },
    ],
    format: number,
    tick: short,
    steps: WHOLE,
    columns: ({ open, active }) => columns([open[0], active?.[0]], asIs),
  },
  {
    key: "flow",
    title: "Connections and disconnections per minute",
    lines: [
      { label: "in", colour: "--line-4" },
      { label: "out", colour: "--line-5", dash: [6, 3] },
    ],
    format: number,
    tick: short,
    steps: WHOLE,
    columns: (details) => columns([details.connections[0], details.disconnections[0]], perMinute),
  },
  {
    key: "durations",
    title: "Session duration",
    lines: [
      { label: "p50", colour: "--line-6" },
      { label: "p90", colour: "--line-7", dash: [6, 3] },
      { label: "p99", colour: "--line-8", dash: [2, 3] },
    ],
    format: seconds,
    tick: (value) => seconds(value).replace(".0 s", " s").replace(/^0 ms$/, "0"),
    steps: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200],
    columns: ({ p50, p90, p99 }) => columns([p50[0], p90[0], p99[0]], inSeconds),
  },
];

export class Charts {
  readonly #charts: { readonly kind: (typeof KINDS)[number]; readonly chart: Chart }[];
  #drawn: Details | undefined;

  constructor(place: HTMLElement) {
    this.#charts = KINDS.map((kind) => ({ kind, chart: new Chart(kind) }));
    place.append(...this.#charts.map(({ chart }) => chart.root));
    // The system's choice of light or dark, where the page follows it.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  /** Draws details that were asked for with `view`, once. */
  draw(details: Details, view: View, gaps: readonly Gap[]): void {
    if (details === this.#drawn) {
      return;
    }
    this.#drawn = details;
    for (const { kind, chart } of this.#charts) {
      const data = kind.columns(details);
      const [moments] = data;
      const step = (moments[1] ?? 0) - (moments[0] ?? 0);
      // Whole steps only, so the span never trembles.
      const span = { from: moments[0] ?? 0, to: (moments.at(-1) ?? 1) + step };
      chart.draw(data, span, gaps, `${kind.title}${ofWhat(kind.key, view)}`);
    }
  }

  recolour(): void {
    for (const { chart } of this.#charts) {
      chart.recolour();
    }
  }
}

/** Percentiles are kept of all sessions together. */
function ofWhat(key: string, view: View): string {
  if (view.group === undefined) {
    return "";
  }
  return key === "durations" ? `, all ${dimensionOf(view).label.toLowerCase()}` : `, ${view.group}`;
}

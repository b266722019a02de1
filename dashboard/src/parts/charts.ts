// The four charts of the page and what each is made of. A chart of a rate shows the rate of the card
// above it: the mean over the same window, ending at each moment.

import type { Alert, Details, Gap } from "../data/answers.ts";
import { chartOf, type ChartSpan } from "../data/questions.ts";
import { asIs, columns, inSeconds, trailing, type Columns } from "../data/series.ts";
import { apart, isDuration, reading, rulesOf } from "../data/thresholds.ts";
import { NONE, duration, number, short } from "../format.ts";
import { dimensionOf, windowOf, type View } from "../view/address.ts";
import { Chart, type Kind, type Limit } from "./chart.ts";
import type { Shown } from "./figures.ts";

const seconds = (value: number | null): string => (value === null ? NONE : duration(value * 1_000));

/** Counts have no halves. */
const WHOLE = Array.from({ length: 11 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const COUNTS = [8_888, 888_800];

interface ChartKind extends Kind {
  /** Its title, of a window and of the span that its rates are the mean of. */
  readonly title: (mean: string, window: string) => string;
  readonly columns: (details: Details, span: ChartSpan) => Columns;
  /** The figures of now, where a card shows the same. */
  readonly now: (shown: Shown) => readonly (number | null | undefined)[];
  /** Metrics of the rules whose limits it shows. */
  readonly metrics: readonly string[];
  readonly isRate?: boolean;
}

const KINDS: readonly ChartKind[] = [
  {
    key: "messages",
    title: (mean) => `Messages / min, mean of ${mean}`,
    lines: [{ label: "messages / min", colour: "--line-1", isFilled: true }],
    format: number,
    tick: short,
    widest: COUNTS,
    steps: WHOLE,
    columns: ({ messages }, { mean }) => columns([trailing(messages[0], mean * 1_000)], asIs),
    now: ({ window }) => [window?.messagesPerMinute],
    metrics: ["messagesPerMinute"],
    isRate: true,
  },
  {
    key: "sessions",
    title: () => "Sessions",
    lines: [
      { label: "open", colour: "--line-2" },
      { label: "active", colour: "--line-3", dash: [6, 3] },
    ],
    format: number,
    tick: short,
    widest: COUNTS,
    steps: WHOLE,
    columns: ({ open, active }) => columns([open[0], active?.[0]], asIs),
    now: ({ openSessions }) => [openSessions],
    metrics: ["openSessions"],
  },
  {
    key: "flow",
    title: (mean) => `Connections and disconnections / min, mean of ${mean}`,
    lines: [
      { label: "in / min", colour: "--line-4" },
      { label: "out / min", colour: "--line-5", dash: [6, 3] },
    ],
    format: number,
    tick: short,
    widest: COUNTS,
    steps: WHOLE,
    columns: ({ connections, disconnections }, { mean }) =>
      columns([connections[0], disconnections[0]].map((each) => trailing(each, mean * 1_000)), asIs),
    now: ({ window }) => [window?.connectionsPerMinute, window?.disconnectionsPerMinute],
    metrics: ["connectionsPerMinute", "disconnectionsPerMinute"],
    isRate: true,
  },
  {
    key: "durations",
    title: () => "Duration of sessions that ended in the main window",
    lines: [
      { label: "p50", colour: "--line-6" },
      { label: "p90", colour: "--line-7", dash: [10, 4] },
      { label: "p99", colour: "--line-8", dash: [2, 3] },
    ],
    format: seconds,
    tick: (value) => (value === 0 ? "0" : seconds(value).replace(/[.,]0 s$/, " s")),
    widest: [3_599, 86_340],
    steps: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200],
    columns: ({ p50, p90, p99 }) => columns([p50[0], p90[0], p99[0]], inSeconds),
    now: () => [],
    metrics: ["durationP50Ms", "durationP90Ms", "durationP99Ms"],
  },
];

export class Charts {
  readonly #charts: { readonly kind: ChartKind; readonly chart: Chart }[];
  #drawn: Details | undefined;

  constructor(place: HTMLElement) {
    this.#charts = KINDS.map((kind) => ({ kind, chart: new Chart(kind) }));
    place.append(...this.#charts.map(({ chart }) => chart.root));
    // The system's choice of light or dark, where the page follows it.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  /** Draws details that were asked for with `view`; the lines once, what is said of now each time. */
  draw(details: Details, view: View, gaps: readonly Gap[], alerts: readonly Alert[], shown: Shown): void {
    const span = chartOf(view);
    const window = windowOf(view);
    const nowOf = (kind: ChartKind): readonly (number | null | undefined)[] =>
      kind.isRate === true && span.mean * 1_000 !== window.ms ? [] : kind.now(shown);
    if (details === this.#drawn) {
      for (const { kind, chart } of this.#charts) {
        chart.now(nowOf(kind));
      }
      return;
    }
    this.#drawn = details;
    const mean = duration(span.mean * 1_000).replace(/[.,]0 s$| 00 s$/, (end) => (end.endsWith("00 s") ? "" : " s"));
    for (const { kind, chart } of this.#charts) {
      const data = kind.columns(details, span);
      const [moments] = data;
      const step = (moments[1] ?? 0) - (moments[0] ?? 0);
      chart.draw({
        title: `${kind.title(mean, window.label)}${ofWhat(kind.key, view, shown.name)}`,
        columns: data,
        // Whole steps only, so the span never trembles.
        span: { from: moments[0] ?? 0, to: (moments.at(-1) ?? 1) + step },
        gaps,
        limits: limitsOf(kind, view, alerts),
        now: nowOf(kind),
      });
    }
  }

  recolour(): void {
    for (const { chart } of this.#charts) {
      chart.recolour();
    }
  }
}

/** The limits of the rules that speak of what a chart shows. */
function limitsOf({ key, metrics }: ChartKind, view: View, alerts: readonly Alert[]): Limit[] {
  // Percentiles are charted of all sessions together.
  const isGroup = view.group !== undefined && key !== "durations";
  const group = isGroup ? { by: dimensionOf(view).by, name: view.group ?? "" } : undefined;
  return rulesOf(alerts, { metrics, windowMs: windowOf(view).ms, group }).map(({ metric, threshold, comparison, phase }) => ({
    value: isDuration(metric) ? threshold / 1_000 : threshold,
    label: `${comparison === "ABOVE" ? "limit" : "at least"} ${reading(metric, threshold)}`,
    phase,
  }));
}

/** Percentiles are kept of all sessions together. */
function ofWhat(key: string, view: View, name: string | undefined): string {
  if (view.group === undefined) {
    return "";
  }
  return key === "durations" ? `, all ${dimensionOf(view).label.toLowerCase()}` : `, ${apart(name ?? view.group)}`;
}

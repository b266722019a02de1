// The numbers of the program's table of metrics: what each is called, what it means, where it stands in
// an answer, and which of them are columns and figures here. `metrics.json` is written by the program's
// tests and held to the table by them, so a new number needs no line in the page.

import table from "../metrics.json" with { type: "json" };

/** A column of the table of groups. */
interface TableColumn {
  readonly label: string;
  /** What the URL calls it: `sort=KEY`. */
  readonly key: string;
  /** Whether the list of a wallboard has it. */
  readonly wall: boolean;
}

/** A large figure. */
interface Card {
  /** `#` stands for the window's length; without one the figure is of no window. */
  readonly label: string;
  readonly key: string;
  readonly lesser: boolean;
}

/** A number. Those with a column, or a card, stand in the order of the columns, or cards. */
export interface Metric {
  /** Its name in the settings of alerts and in files. */
  readonly name: string;
  /** What it is: the schema's words, whole sentences. */
  readonly definition: string;
  readonly unit: "ms" | "share" | "number";
  /** Its place in an answer: below a window, or below the whole and a group. */
  readonly path: string;
  readonly scope: "window" | "now";
  /** Whether groups have it for some windows only. */
  readonly histogram: boolean;
  /** Whether it is of messages alone, so that directions have it too. */
  readonly messages: boolean;
  /** The value of `GroupOrder`. */
  readonly order: string | null;
  /** What an alert on it says, with `#` for the value. */
  readonly words: string | null;
}

export type ColumnMetric = Metric & { readonly column: TableColumn };
export type CardMetric = Metric & { readonly card: Card };

/** Those that are columns of the table of groups, in order. */
export const COLUMN_METRICS = table.columns as readonly ColumnMetric[];
/** Those that are large figures, in order. */
export const CARD_METRICS = table.cards as readonly CardMetric[];
/** Those that alerts are about. */
const OF_ALERTS = new Map((table.alerts as readonly Metric[]).map((metric) => [metric.name, metric]));

/** The metric of an alert; none where the server knows one that this page does not. */
export function metricOf(name: string): Metric | undefined {
  return OF_ALERTS.get(name);
}

/** A number of an answer by its path, such as `durations.p50Ms`; null where there is none. */
export function read(holder: object | undefined, path: string): number | null {
  let found: unknown = holder;
  for (const field of path.split(".")) {
    found = typeof found === "object" && found !== null ? (found as Record<string, unknown>)[field] : undefined;
  }
  return typeof found === "number" ? found : null;
}

/** What to ask for to have the numbers of some paths: `messagesPerMinute durations { p50Ms p90Ms }`. */
export function selection(paths: readonly string[]): string {
  const fields = new Map<string, string[]>();
  for (const path of new Set(paths)) {
    const [field = path, ...rest] = path.split(".");
    const below = fields.get(field) ?? [];
    fields.set(field, rest.length > 0 ? [...below, rest.join(".")] : below);
  }
  return [...fields].map(([field, below]) => (below.length > 0 ? `${field} { ${selection(below)} }` : field)).join(" ");
}

/** The paths of those of some metrics that are of a window, or of the present. */
export function paths(metrics: readonly Metric[], scope: Metric["scope"]): readonly string[] {
  return metrics.filter((metric) => metric.scope === scope).map(({ path }) => path);
}

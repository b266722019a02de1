// What the reader has chosen, as it stands in the URL: a link to the page shows what its sender saw.

export const WINDOWS = [
  { key: "10s", label: "10 s", ms: 10_000, group: "TEN_SECONDS", chartS: 60, stepS: 1 },
  { key: "1m", label: "1 m", ms: 60_000, group: "ONE_MINUTE", chartS: 300, stepS: 1 },
  { key: "5m", label: "5 m", ms: 300_000, group: "FIVE_MINUTES", chartS: 1_200, stepS: 5 },
  { key: "1h", label: "1 h", ms: 3_600_000, group: "ONE_HOUR", chartS: 3_600, stepS: 15 },
] as const;

export const DIMENSIONS = [
  { key: "queue", label: "Queues", one: "queue", by: "QUEUE" },
  { key: "deployment", label: "Deployments", one: "deployment", by: "DEPLOYMENT" },
  { key: "direction", label: "Directions", one: "direction", by: "DIRECTION" },
] as const;

export const SORTS = [
  "messages",
  "name",
  "active",
  "open",
  "connections",
  "disconnections",
  "duration",
] as const;

export const THEMES = ["auto", "light", "dark"] as const;

export type WindowKey = (typeof WINDOWS)[number]["key"];
export type DimensionKey = (typeof DIMENSIONS)[number]["key"];
export type Sort = (typeof SORTS)[number];
export type Theme = (typeof THEMES)[number];

/** Everything that can be chosen. */
export interface View {
  readonly window: WindowKey;
  readonly by: DimensionKey;
  /** The one group that figures, charts and sessions are of; none: the total. */
  readonly group: string | undefined;
  readonly sort: Sort;
  readonly search: string;
  readonly theme: Theme;
  readonly wall: boolean;
}

export const INITIAL: View = {
  window: "1m",
  by: "queue",
  group: undefined,
  sort: "messages",
  search: "",
  theme: "auto",
  wall: false,
};

/** Reads a URL's query. What is unknown or wrong counts as not chosen. */
export function parse(query: string): View {
  const given = new URLSearchParams(query);
  const one = <T extends string>(name: string, all: readonly T[], otherwise: T): T =>
    all.find((value) => value === given.get(name)) ?? otherwise;
  const by = one(
    "by",
    DIMENSIONS.map(({ key }) => key),
    INITIAL.by,
  );
  return {
    window: one(
      "window",
      WINDOWS.map(({ key }) => key),
      INITIAL.window,
    ),
    by,
    // Messages alone have a direction, so there is nothing to drill down to.
    group: by === "direction" ? undefined : (given.get("group") ?? undefined),
    sort: one("sort", SORTS, INITIAL.sort),
    search: given.get("search") ?? INITIAL.search,
    theme: one("theme", THEMES, INITIAL.theme),
    wall: given.get("wall") === "1",
  };
}

/** The query of a view, without what is as it is anyway; empty for the initial one. */
export function serialise(view: View): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string, usual: string): void => {
    if (value !== usual) {
      query.set(name, value);
    }
  };
  put("window", view.window, INITIAL.window);
  put("by", view.by, INITIAL.by);
  if (view.group !== undefined) {
    query.set("group", view.group);
  }
  put("sort", view.sort, INITIAL.sort);
  put("search", view.search, INITIAL.search);
  put("theme", view.theme, INITIAL.theme);
  put("wall", view.wall ? "1" : "", "");
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

/** The window that a key names. */
export function windowOf(view: View): (typeof WINDOWS)[number] {
  return WINDOWS.find(({ key }) => key === view.window) ?? WINDOWS[1];
}

/** The dimension that a key names. */
export function dimensionOf(view: View): (typeof DIMENSIONS)[number] {
  return DIMENSIONS.find(({ key }) => key === view.by) ?? DIMENSIONS[0];
}

// What the reader has chosen, as it stands in the URL: a link to the page shows what its sender saw.

import { COLUMN_METRICS } from "../data/metrics.ts";

export const WINDOWS = [
  { key: "10s", label: "10 s", ms: 10_000, group: "TEN_SECONDS", chartS: 60, stepS: 1 },
  { key: "1m", label: "1 m", ms: 60_000, group: "ONE_MINUTE", chartS: 300, stepS: 1 },
  { key: "5m", label: "5 m", ms: 300_000, group: "FIVE_MINUTES", chartS: 1_200, stepS: 5 },
  { key: "1h", label: "1 h", ms: 3_600_000, group: "ONE_HOUR", chartS: 3_540, stepS: 15 },
] as const;

export const DIMENSIONS = [
  { key: "queue", label: "Queues", one: "queue", by: "QUEUE" },
  { key: "deployment", label: "Deployments", one: "deployment", by: "DEPLOYMENT" },
  { key: "direction", label: "Directions", one: "direction", by: "DIRECTION" },
] as const;

/** What groups can be ordered by: their name, or a column. */
export const SORTS: readonly string[] = ["name", ...COLUMN_METRICS.map(({ column }) => column.key)];

/** What stands behind a group's name, where the name does not say it. */
export const KINDS = ["NAMED", "UNNAMED", "OTHER"] as const;

export const THEMES = ["auto", "light", "dark"] as const;

/** Which sessions are listed: those open for longest, or whose guest has waited for longest. */
export const LISTS = ["open", "awaiting"] as const;

export type WindowKey = (typeof WINDOWS)[number]["key"];
export type DimensionKey = (typeof DIMENSIONS)[number]["key"];
export type Sort = string;
export type List = (typeof LISTS)[number];
export type Theme = (typeof THEMES)[number];
export type Kind = (typeof KINDS)[number];

/** One stop of a wallboard that changes by itself. */
export type Stop = Pick<View, "by" | "group" | "kind"> & { readonly window: WindowKey | undefined };

/** Everything that can be chosen. */
export interface View {
  readonly window: WindowKey;
  readonly by: DimensionKey;
  /** The one group that figures, charts and sessions are of; none: the total. */
  readonly group: string | undefined;
  /** Which one, where a name from the stream equals one of ours. */
  readonly kind: Kind | undefined;
  readonly sort: Sort;
  /** The other way round: the least first, or the last name. */
  readonly reverse: boolean;
  readonly search: string;
  /** Whether the sessions of which nothing is heard are listed among the longest open. */
  readonly silent: boolean;
  /** Which sessions are listed. */
  readonly list: List;
  readonly theme: Theme;
  /** Whether the latest changes of alerts are listed. */
  readonly history: boolean;
  readonly wall: boolean;
  /** Seconds after which a wallboard shows the next of its views; none: it stays. */
  readonly rotate: number | undefined;
  /** The views of a wallboard that changes, as [`stops`] reads them. */
  readonly views: string;
}

export const INITIAL: View = {
  window: "1m",
  by: "queue",
  group: undefined,
  kind: undefined,
  sort: "messages",
  reverse: false,
  search: "",
  silent: true,
  list: "open",
  theme: "auto",
  history: false,
  wall: false,
  rotate: undefined,
  views: "",
};

/** Seconds that a view of a changing wallboard may stand. */
const ROTATE_S = { least: 5, most: 3_600 };
/** Views of a changing wallboard that names none. */
const VIEWS = "queue,deployment";

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
    kind: given.has("group") && by !== "direction" ? kindIn(given.get("kind") ?? "") : undefined,
    sort: one("sort", SORTS, INITIAL.sort),
    reverse: given.get("reverse") === "1",
    search: given.get("search") ?? INITIAL.search,
    silent: given.get("silent") !== "0",
    list: one("list", LISTS, INITIAL.list),
    theme: one("theme", THEMES, INITIAL.theme),
    history: ["", "1"].includes(given.get("history") ?? "0"),
    // `?wall` alone is what somebody types on a screen without a mouse.
    wall: ["", "1"].includes(given.get("wall") ?? "0"),
    rotate: seconds(given.get("rotate") ?? ""),
    views: given.get("views") ?? INITIAL.views,
  };
}

/** `30s`, `2m` or `45` as seconds; none where it is not such a text or out of range. */
function seconds(text: string): number | undefined {
  const found = /^(\d{1,4})(s|m)?$/.exec(text);
  const value = Number(found?.[1]) * (found?.[2] === "m" ? 60 : 1);
  return value >= ROTATE_S.least && value <= ROTATE_S.most ? value : undefined;
}

/** `unnamed` as the kind it is; none where it is no such text. */
function kindIn(text: string): Kind | undefined {
  return KINDS.find((kind) => kind.toLowerCase() === text);
}

/** The name under which a kind is shown that has none of its own. */
const OURS: Readonly<Record<Kind, string | undefined>> = { NAMED: undefined, UNNAMED: "(none)", OTHER: "other" };

/** What tells a group from others in a view: its kind only where its name does not. */
export function choiceOf({ name, kind }: { readonly name: string; readonly kind: Kind }): Pick<View, "group" | "kind"> {
  const isPlain = kind === "NAMED" && name !== OURS.UNNAMED && name !== OURS.OTHER;
  return { group: name, kind: isPlain ? undefined : kind };
}

/** Whether a view is of a group. */
export function isOf(view: View, { name, kind }: { readonly name: string; readonly kind: Kind }): boolean {
  return view.group === name && (view.kind ?? kind) === kind;
}

/** The stops of `views`: `queue,deployment,queue:sales@5m`. `queue/unnamed` is what has no queue,
    `queue/other` what found no room, `queue/named:other` a queue of that name. In names, `,` `:` `@` and `%` are written
    as in a URL's path. What is wrong is left out; without any there are queues and deployments. */
export function stops(views: string): readonly Stop[] {
  const read = (text: string): Stop[] => {
    const found = /^([a-z]+)(?:\/([a-z]+))?(?::([^@]*))?(?:@(\w+))?$/.exec(text.trim());
    const by = DIMENSIONS.find(({ key }) => key === found?.[1])?.key;
    const window = WINDOWS.find(({ key }) => key === found?.[4])?.key;
    const kind = kindIn(found?.[2] ?? "");
    const isWrong = (found?.[4] !== undefined && window === undefined) || (found?.[2] !== undefined && kind === undefined);
    if (by === undefined || isWrong) {
      return [];
    }
    try {
      const name = found?.[3];
      const own = name === undefined ? OURS[kind ?? "NAMED"] : decodeURIComponent(name);
      const group = by === "direction" ? undefined : own;
      return [{ by, group, kind: group === undefined ? undefined : kind, window }];
    } catch {
      return [];
    }
  };
  const all = views.split(",").flatMap(read);
  return all.length > 0 ? all : VIEWS.split(",").flatMap(read);
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
    put("kind", view.kind?.toLowerCase() ?? "", "");
  }
  put("sort", view.sort, INITIAL.sort);
  put("reverse", view.reverse ? "1" : "", "");
  put("search", view.search, INITIAL.search);
  put("silent", view.silent ? "" : "0", "");
  put("theme", view.theme, INITIAL.theme);
  put("history", view.history ? "1" : "", "");
  put("list", view.list, INITIAL.list);
  put("wall", view.wall ? "1" : "", "");
  put("rotate", view.rotate === undefined ? "" : `${view.rotate}s`, "");
  put("views", view.views, INITIAL.views);
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

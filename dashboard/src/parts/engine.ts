// For those who care about the engine: the fate of events, latencies by stage, ring, snapshots.

import type { Details, Figures, Stage } from "../data/answers.ts";
import { element, holdsSelection, setAttribute, setText } from "../dom.ts";
import { NONE, duration, latency, number, percent } from "../format.ts";
import { csvButton } from "./csv.ts";
import { define, definition } from "./definition.ts";

/** Rates are taken over at least this much of the engine's time. */
const RATE_SPAN_MS = 4_000;

const COUNTERS = [
  { key: "late", label: "late", note: definition("Counters.late") },
  { key: "duplicates", label: "duplicate", note: definition("Counters.duplicates") },
  { key: "rejected", label: "rejected", note: definition("Counters.rejected") },
  { key: "shed", label: "shed", note: definition("Counters.shed") },
  { key: "future", label: "future", note: definition("Counters.future") },
  { key: "gaps", label: "gaps", note: definition("Stream.gapsTotal") },
] as const;

const FACTS = [
  { key: "events", label: "events / s", note: "Payloads read from the stream, over the last seconds." },
  { key: "snapshots", label: "snapshots / s", note: "Snapshots published, over the last seconds." },
  { key: "ring", label: "ring", note: definition("Engine.ringDepth") },
  { key: "high", label: "ring at most", note: definition("Engine.ringHighWater") },
  { key: "rows", label: "sessions kept", note: definition("Engine.sessionsTracked") },
  { key: "uptime", label: "up for", note: "Since the server of this process began to listen." },
] as const;

const STAGE_HEADS = [
  { label: "stage", note: "The way of an event through the engine, in flow order; of queries, how long an answer takes." },
  { label: "median", note: "Half took no longer, over the last minute." },
  { label: "p99", note: "99 of 100 took no longer, over the last minute." },
  { label: "p99.9", note: "999 of 1,000 took no longer, over the last minute." },
  { label: "longest", note: "The longest of the last minute." },
];

function head({ label, note }: (typeof STAGE_HEADS)[number]): HTMLElement {
  const cell = element("th", { scope: "col" }, element("span", {}, label));
  define(cell, note);
  return cell;
}

interface Mark {
  readonly engineId: string;
  readonly atMs: number;
  readonly sequence: number;
  readonly received: number;
}

export class EnginePanel {
  readonly #values = new Map<string, HTMLElement>();
  readonly #rows: HTMLTableSectionElement;
  readonly #meter: HTMLElement;
  #marks: Mark[] = [];
  #stages: readonly Stage[] = [];

  constructor(place: HTMLElement) {
    const list = (kinds: readonly { key: string; label: string; note: string }[], name: string) => {
      const items = kinds.map(({ key, label, note }) => {
        const value = element("span", { class: "value" }, NONE);
        this.#values.set(key, value);
        const item = element("div", { class: "fact", role: "group", "aria-label": label, "data-fact": key });
        item.append(element("span", { class: "label" }, label), value);
        define(item, note);
        return item;
      });
      return element("div", { class: "facts", role: "group", "aria-label": name }, ...items);
    };
    this.#meter = element("span", { class: "meter", "aria-hidden": "true" }, element("span"));
    const counters = list(COUNTERS, "Events that changed nothing, since the start");
    const facts = list(FACTS, "Engine");
    this.#values.get("ring")?.after(this.#meter);
    this.#rows = element("tbody");
    const table = element(
      "table",
      { class: "stages" },
      element("caption", {}, "Latency by stage, last minute"),
      element("thead", {}, element("tr", {}, ...STAGE_HEADS.map(head))),
      this.#rows,
    );
    const save = csvButton("the latencies", () => "streamgauge-latency", () => [
      ["stage", "count", "p50Ms", "p99Ms", "p999Ms", "maxMs"],
      ...this.#stages.map(({ stage, lastMinute: { count, p50Ms, p99Ms, p999Ms, maxMs } }) => [stage, count, p50Ms, p99Ms, p999Ms, maxMs]),
    ]);
    const title = element("h2", { id: "engine-title" }, "Engine");
    place.append(element("header", {}, title, save), counters, facts, table);
  }

  draw(figures: Figures, details: Details | undefined): void {
    const { engine, counters, stream } = figures;
    const put = (key: string, text: string): void => {
      const value = this.#values.get(key);
      if (value !== undefined) {
        setText(value, text);
      }
    };
    put("late", number(counters.late));
    put("duplicates", number(counters.duplicates));
    put("rejected", number(counters.rejected.total));
    put("shed", number(counters.shed));
    put("future", number(counters.future));
    put("gaps", number(stream.gapsTotal));
    put("ring", `${percent(engine.ringDepth, engine.ringCapacity)} of ${number(engine.ringCapacity)}`);
    put("high", percent(engine.ringHighWater, engine.ringCapacity));
    put("rows", number(engine.sessionsTracked));
    put("uptime", duration(Math.floor(engine.uptimeMs / 1_000) * 1_000));
    const fill = engine.ringCapacity > 0 ? engine.ringDepth / engine.ringCapacity : 0;
    this.#meter.style.setProperty("--fill", `${Math.min(100, fill * 100).toFixed(1)}%`);
    const rates = this.#rates(figures);
    put("events", number(rates?.events));
    put("snapshots", number(rates?.snapshots));
    if (details !== undefined) {
      this.#drawStages(details);
    }
  }

  /** Rates since the oldest of the last seconds' marks; none after a restart until there are two. */
  #rates({ engine, realTimeMetrics, counters }: Figures): { events: number; snapshots: number } | undefined {
    const mark: Mark = {
      engineId: engine.engineId,
      atMs: realTimeMetrics.asOfMs,
      sequence: engine.snapshotSequence,
      received: counters.received,
    };
    this.#marks = this.#marks.filter(
      ({ engineId, atMs }) => engineId === mark.engineId && atMs < mark.atMs,
    );
    while ((this.#marks[1]?.atMs ?? Infinity) <= mark.atMs - RATE_SPAN_MS) {
      this.#marks.shift();
    }
    const [since] = this.#marks;
    this.#marks.push(mark);
    if (since === undefined) {
      return undefined;
    }
    const seconds = (mark.atMs - since.atMs) / 1_000;
    return {
      events: (mark.received - since.received) / seconds,
      snapshots: (mark.sequence - since.sequence) / seconds,
    };
  }

  #drawStages({ latency: stages }: Details): void {
    if (holdsSelection(this.#rows)) {
      return;
    }
    this.#stages = stages;
    while (this.#rows.rows.length < stages.length) {
      const row = this.#rows.insertRow();
      row.append(element("th", { scope: "row" }), ...[0, 1, 2, 3].map(() => element("td")));
    }
    stages.forEach(({ stage, lastMinute: { count, p50Ms, p99Ms, p999Ms, maxMs } }, index) => {
      const row = this.#rows.rows[index];
      const texts = [p50Ms, p99Ms, p999Ms, maxMs].map((ms) => (count === 0 ? NONE : latency(ms)));
      [stage.toLowerCase(), ...texts].forEach((text, column) => {
        const cell = row?.cells[column];
        if (cell !== undefined) {
          setText(cell, text);
        }
      });
      if (row !== undefined) {
        setAttribute(row, "data-stage", stage);
      }
    });
  }
}

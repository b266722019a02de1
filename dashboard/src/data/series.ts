// From the series of an answer to what a chart draws. Pure.

import { duration } from "../format.ts";
import type { Gap, Series } from "./answers.ts";

/** Columns of a chart: moments in seconds, then the values of each line. */
export type Columns = [number[], ...(number | null)[][]];

/** Lays series out side by side on the steps of the first one that has any. */
export function columns(all: readonly (Series | undefined)[], factor: (stepMs: number) => number): Columns {
  const grid = all.find((series) => series !== undefined && series.values.length > 0);
  if (grid === undefined) {
    return [[], ...all.map(() => [])];
  }
  const { startMs, stepMs } = grid;
  const moments = grid.values.map((_, index) => (startMs + index * stepMs) / 1_000);
  const scale = factor(stepMs);
  const values = all.map((series) => {
    if (series === undefined || series.stepMs !== stepMs) {
      return moments.map(() => null);
    }
    const shift = Math.round((startMs - series.startMs) / stepMs);
    return moments.map((_, index) => {
      const value = series.values[index + shift] ?? null;
      return value === null ? null : value * scale;
    });
  });
  return [moments, ...values];
}

/** Counts of steps as the rate a minute over the `spanMs` that end with each step: what a card of that
    window shows. It begins where the whole span is asked for; what is not known counts as nothing, as
    it does on the card. */
export function trailing(series: Series | undefined, spanMs: number): Series | undefined {
  if (series === undefined) {
    return undefined;
  }
  const { startMs, stepMs, values } = series;
  const steps = Math.max(1, Math.round(spanMs / stepMs));
  const first = Math.min(steps - 1, Math.max(0, values.length - 1));
  let sum = 0;
  const rates = values.map((value, index) => {
    sum += (value ?? 0) - (values[index - steps] ?? 0);
    return value === null ? null : (sum * 60_000) / (steps * stepMs);
  });
  return { ...series, startMs: startMs + first * stepMs, values: rates.slice(first) };
}

/** Values as they are. */
export function asIs(): number {
  return 1;
}

/** Milliseconds as seconds. */
export function inSeconds(): number {
  return 1 / 1_000;
}

/** A span of a chart, in seconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A gap in a chart's span, with what it was. */
export interface Break extends Span {
  /** Its cause and its whole length. */
  readonly words: string;
}

/** The gaps of the stream that lie in a chart's span; one that is still open lasts to its end. */
export function shaded(gaps: readonly Gap[], span: Span): Break[] {
  return gaps
    .map(({ start, end, cause }) => {
      const from = Date.parse(start) / 1_000;
      const to = end === null ? Infinity : Date.parse(end) / 1_000;
      const what = cause.toLowerCase().replaceAll("_", " ");
      const length = end === null ? "not over" : duration((to - from) * 1_000);
      return {
        from: Math.max(span.from, from),
        to: Math.min(span.to, to),
        words: `no stream: ${what}, ${length}`,
      };
    })
    .filter(({ from, to }) => from < to);
}

/** Columns without what falls into a gap: nothing is known there, which is not 0. A step that lies in a
    gap for its greater part is one. */
export function broken(columns: Columns, gaps: readonly Span[]): Columns {
  const [moments, ...lines] = columns;
  const step = (moments[1] ?? 0) - (moments[0] ?? 0);
  const isLost = moments.map((at) =>
    gaps.some(({ from, to }) => Math.min(to, at + step) - Math.max(from, at) > step / 2),
  );
  return [moments, ...lines.map((line) => line.map((value, index) => (isLost[index] === true ? null : value)))];
}

/** The last value there is. */
export function latest(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** The path of a small line chart in a box, from 0 at its bottom; broken where values are missing. */
export function path(values: readonly (number | null)[], width: number, height: number): string {
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const step = width / Math.max(1, values.length - 1);
  let text = "";
  let isDown = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const x = (index * step).toFixed(1);
    const y = (height - (value / top) * height).toFixed(1);
    text += `${isDown ? "L" : "M"}${x} ${y}`;
    isDown = true;
  });
  return text;
}

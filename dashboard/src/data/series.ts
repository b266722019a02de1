// From the series of an answer to what a chart draws. Pure.

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

/** Counts of a step as a rate per minute. */
export function perMinute(stepMs: number): number {
  return 60_000 / stepMs;
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

/** The gaps of the stream that lie in a chart's span; one that is still open lasts to its end. */
export function shaded(gaps: readonly Gap[], span: Span): Span[] {
  return gaps
    .map(({ start, end }) => ({
      from: Math.max(span.from, Date.parse(start) / 1_000),
      to: Math.min(span.to, end === null ? Infinity : Date.parse(end) / 1_000),
    }))
    .filter(({ from, to }) => from < to);
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

// How numbers, durations and moments read on the page, in the language of the browser. Units are the
// same in every language, and the time of day has 24 hours: it is compared, not read aloud.

/** What stands where there is no value. */
export const NONE = "–";

interface Formats {
  readonly whole: Intl.NumberFormat;
  readonly tenths: Intl.NumberFormat;
  readonly atMostTenths: Intl.NumberFormat;
  readonly day: Intl.DateTimeFormat;
}

function formatsOf(language: string): Formats {
  return {
    whole: new Intl.NumberFormat(language, { maximumFractionDigits: 0 }),
    tenths: new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    atMostTenths: new Intl.NumberFormat(language, { maximumFractionDigits: 1 }),
    day: new Intl.DateTimeFormat(language, { year: "numeric", month: "short", day: "numeric" }),
  };
}

/** Outside of a browser there is no reader to follow. */
let formats = formatsOf(typeof document === "undefined" ? "en" : navigator.language);

/** Chooses the language of numbers. */
export function speak(language: string): void {
  formats = formatsOf(language);
}

/** A count or a rate: whole from 100 on, one decimal below unless it is whole. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return NONE;
  }
  const isWhole = Number.isInteger(value) || Math.abs(value) >= 100;
  return isWhole ? formats.whole.format(value) : formats.tenths.format(value);
}

/** For places without room: 12,345 as `12.3k`, 20,000 as `20k`. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return NONE;
  }
  const size = Math.abs(value);
  for (const [from, unit, sign] of [[1e9, 1e9, "G"], [1e6, 1e6, "M"], [1e4, 1e3, "k"]] as const) {
    if (size >= from) {
      return `${formats.atMostTenths.format(value / unit)}${sign}`;
    }
  }
  return number(value);
}

/** Milliseconds as people say them: `640 ms`, `23.4 s`, `5 m 03 s`, `2 h 07 m`, `3 d 04 h`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) {
    return NONE;
  }
  if (ms < 0) {
    return `−${duration(-ms)}`;
  }
  if (ms < 1_000) {
    return `${formats.whole.format(ms)} ms`;
  }
  const tenths = Math.round(ms / 100) / 10;
  if (tenths < 60) {
    return `${formats.tenths.format(tenths)} s`;
  }
  const seconds = Math.round(ms / 1_000);
  const [minutes, hours, days] = [60, 3_600, 86_400].map((size) => Math.floor(seconds / size)) as [
    number,
    number,
    number,
  ];
  const two = (value: number): string => String(value).padStart(2, "0");
  if (minutes < 60) {
    return `${minutes} m ${two(seconds % 60)} s`;
  }
  return hours < 24 ? `${hours} h ${two(minutes % 60)} m` : `${days} d ${two(hours % 24)} h`;
}

/** A stage's latency, which may be far below a millisecond. */
export function latency(ms: number): string {
  if (ms >= 1_000) {
    return duration(ms);
  }
  if (ms >= 100) {
    return `${formats.whole.format(ms)} ms`;
  }
  return ms >= 1 ? `${formats.tenths.format(ms)} ms` : `${formats.whole.format(ms * 1_000)} µs`;
}

/** The time of day of a moment, in the reader's zone, with tenths of a second if wanted. */
export function clock(ms: number, withTenths: boolean): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return withTenths ? `${text}.${Math.floor(at.getMilliseconds() / 100)}` : text;
}

/** A moment in the reader's zone: the time of day, with the date before it where that is not `now`'s. */
export function moment(ms: number, now: number): string {
  const [at, today] = [new Date(ms), new Date(now)];
  const time = clock(ms, false);
  return at.toDateString() === today.toDateString() ? time : `${formats.day.format(at)} ${time}`;
}

/** A part of a whole in percent. */
export function percent(part: number, whole: number): string {
  if (!(whole > 0)) {
    return NONE;
  }
  // Rounded down: what is not whole never reads as 100 %.
  const value = Math.floor((part / whole) * 1_000) / 10;
  return `${value > 0 && value < 10 ? formats.tenths.format(value) : formats.whole.format(Math.floor(value))} %`;
}

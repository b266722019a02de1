// Every alert rule of the settings and where it stands; those that fire come first.

import type { Alert } from "../data/answers.ts";
import { PHASES } from "../data/thresholds.ts";
import { element, setAttribute, setText } from "../dom.ts";
import { clock, duration, number } from "../format.ts";
import { target } from "../data/thresholds.ts";

const ORDER = ["FIRING", "PENDING", "OK"] as const;

export class AlertList {
  readonly #place: HTMLElement;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  draw(alerts: readonly Alert[]): void {
    this.#place.hidden = alerts.length === 0;
    while (this.#place.childElementCount > alerts.length) {
      this.#place.lastElementChild?.remove();
    }
    const sorted = alerts.toSorted((a, b) => ORDER.indexOf(a.phase) - ORDER.indexOf(b.phase));
    sorted.forEach((alert, index) => {
      const item = this.#place.children[index] ?? this.#place.appendChild(element("li"));
      setAttribute(item, "data-phase", alert.phase);
      setText(item, words(alert));
    });
  }
}

function words(alert: Alert): string {
  const isDuration = alert.metric.endsWith("Ms");
  const { shape, word } = PHASES[alert.phase];
  const value = isDuration ? duration(alert.value) : number(alert.value);
  const group = alert.group === null ? "" : ` (${alert.group})`;
  const since = alert.phase === "OK" ? "" : ` since ${clock(Date.parse(alert.since), false)}`;
  return `${shape} ${alert.name}${group} ${word}${since}: ${value}, target ${target(alert, isDuration)}`;
}

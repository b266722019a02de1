// What is said where nobody looks at the page itself: the tab's title and icon, a line for screen
// readers, and a sound for those who asked for one. It works while the page is hidden too.

import type { Alert } from "../data/answers.ts";
import { briefly, wordsOf, type Health } from "../data/health.ts";
import { PHASES, inWords, keyOf, urgent } from "../data/thresholds.ts";
import { element, setText } from "../dom.ts";
import { number } from "../format.ts";
import { recall, remember } from "../view/memory.ts";

/** Between two lines for screen readers, in milliseconds: who listens to one cannot skip it. */
const SAID_MS = 10_000;
const SOUND = "sound";

export interface News {
  readonly health: Health;
  /** Alerts that the reader wants to hear of. */
  readonly alerts: readonly Alert[];
  readonly asOfMs: number;
  /** What the tab says while all is well. */
  readonly title: string;
}

export class Herald {
  readonly #voice = element("p", { class: "unseen", role: "status", "aria-live": "polite" });
  readonly #icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  readonly #wellIcon = this.#icon?.href ?? "";
  #saidAt = -Infinity;
  #said = "";
  #firing: ReadonlySet<string> | undefined;
  #audio: AudioContext | undefined;
  #isLoud = recall<boolean>(SOUND, false);

  constructor() {
    document.body.append(this.#voice);
    // A browser lets nothing sound before a hand was on the page.
    addEventListener("pointerdown", () => void this.#wakeAudio());
  }

  get isLoud(): boolean {
    return this.#isLoud;
  }

  /** Turns the sound on, with a sample, or off. */
  set isLoud(wanted: boolean) {
    this.#isLoud = wanted;
    remember(SOUND, wanted);
    if (wanted) {
      void this.#wakeAudio().then(() => this.#beep());
    }
  }

  tell({ health, alerts, asOfMs, title }: News): void {
    const firing = urgent(alerts.filter(({ phase }) => phase === "FIRING"));
    const trouble = briefly(health);
    const isWell = trouble === "";
    const shape = PHASES.FIRING.shape;
    const mark = isWell ? (firing.length > 0 ? `${shape} ${number(firing.length)} firing · ` : "") : `✕ ${trouble} · `;
    const text = isWell ? `${mark}${title} · streamgauge` : `${mark}streamgauge`;
    if (document.title !== text) {
      document.title = text;
    }
    this.#show(isWell ? (firing.length > 0 ? FIRING_ICON : this.#wellIcon) : OLD_ICON);
    const keys = new Set(firing.map(keyOf));
    const before = this.#firing;
    // What fired already when the page was opened is seen, and no news.
    const isNew = isWell && before !== undefined && [...keys].some((key) => !before.has(key));
    if (isWell) {
      this.#firing = keys;
    }
    if (isNew) {
      this.#beep();
    }
    this.#say(isWell ? spoken(firing, asOfMs) : wordsOf(health).replace(/, for .*$/, "."), [trouble, ...keys].join());
  }

  #show(icon: string): void {
    if (this.#icon !== null && this.#icon.href !== icon) {
      this.#icon.href = icon;
    }
  }

  /** Says what has changed, not how long it has been so. */
  #say(text: string, what: string): void {
    const now = performance.now();
    if (what !== this.#said && now - this.#saidAt > SAID_MS) {
      this.#saidAt = now;
      this.#said = what;
      setText(this.#voice, text);
    }
  }

  async #wakeAudio(): Promise<void> {
    if (this.#isLoud) {
      this.#audio ??= new AudioContext();
      await this.#audio.resume();
    }
  }

  /** Two short tones, the second higher. */
  #beep(): void {
    const audio = this.#audio;
    if (!this.#isLoud || audio === undefined || audio.state !== "running") {
      return;
    }
    for (const [at, pitch] of [[0, 660], [0.18, 880]] as const) {
      const [tone, volume] = [audio.createOscillator(), audio.createGain()];
      const from = audio.currentTime + at;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.2, from);
      volume.gain.exponentialRampToValueAtTime(0.001, from + 0.16);
      tone.connect(volume).connect(audio.destination);
      tone.start(from);
      tone.stop(from + 0.17);
    }
  }
}

function spoken(firing: readonly Alert[], asOfMs: number): string {
  const [first] = firing;
  if (first === undefined) {
    return "No alert fires.";
  }
  const more = firing.length > 1 ? ` And ${number(firing.length - 1)} more.` : "";
  return `Alert. ${inWords(first, asOfMs)}.${more}`;
}

function icon(shape: string): string {
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${shape}</svg>`)}`;
}

/** Distinguished by shape as well as by colour. */
const FIRING_ICON = icon('<path fill="#c9202c" d="M16 1 31 30H1Z"/><path stroke="#fff" stroke-width="4" d="M16 11v9m0 3v4"/>');
const OLD_ICON = icon('<circle cx="16" cy="16" r="15" fill="#6b7280"/><path stroke="#fff" stroke-width="5" d="m9 9 14 14m0-14L9 23"/>');

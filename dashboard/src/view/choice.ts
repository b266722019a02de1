// The present view: who may change it, and who hears of it.

import { INITIAL, parse, serialise, type View } from "./address.ts";

type Listener = (view: View, before: View) => void;

/** Holds the view, keeps the URL in step and tells listeners of each change. */
export class Choice {
  #view: View = INITIAL;
  readonly #listeners: Listener[] = [];

  constructor() {
    this.#view = parse(location.search);
    // Back and forward in the browser's history.
    addEventListener("popstate", () => this.#become(parse(location.search)));
  }

  get view(): View {
    return this.#view;
  }

  /** Changes part of the view. Typing replaces the history's entry, all else adds one. */
  set(change: Partial<View>): void {
    const next = { ...this.#view, ...change };
    const url = `${location.pathname}${serialise(next)}`;
    if ("search" in change) {
      history.replaceState(null, "", url);
    } else if (serialise(next) !== serialise(this.#view)) {
      history.pushState(null, "", url);
    }
    this.#become(next);
  }

  /** Shows another view for a while: the URL stays, so that a reload begins where this began. */
  show(change: Partial<View>): void {
    this.#become({ ...this.#view, ...change });
  }

  /** Calls `listener` after every change. */
  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  #become(next: View): void {
    const before = this.#view;
    this.#view = next;
    for (const listener of this.#listeners) {
      listener(next, before);
    }
  }
}

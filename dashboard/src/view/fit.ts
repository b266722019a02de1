// Fits text into boxes: numbers shrink until the widest of a row fits, lists end where their box ends.
// Measured, not calculated, because fonts, languages and sizes of screens are not ours.

/** How long a size stays small after what needed it has gone: digits must not pump. */
const REST_MS = 20_000;
/** Rounding of fonts to pixels may take a little. */
const SLACK = 0.985;

/** One size for a row of values. */
export class Fit {
  #key = "";
  #fit = 1;
  #shrunkAt = -Infinity;

  /** Sets `--fit` on `row` so that every value fits the box around it. */
  draw(row: HTMLElement, values: readonly HTMLElement[]): void {
    const boxes = values.map(room);
    const texts = values.map(({ textContent }) => (textContent ?? "").replaceAll(/\d/g, "0"));
    const { fontFamily } = getComputedStyle(row);
    const key = [fontFamily, document.documentElement.className, ...boxes, ...texts].join("|");
    const isOver = values.some((value, index) => width(value) > (boxes[index] ?? 0));
    if (key === this.#key && !isOver) {
      return;
    }
    const isSameRow = this.#key.split("|").slice(0, 2 + boxes.length).join("|") === key.split("|").slice(0, 2 + boxes.length).join("|");
    this.#key = key;
    row.style.setProperty("--fit", "1");
    const wanted = Math.min(1, ...values.map((value, index) => ((boxes[index] ?? 0) * SLACK) / Math.max(1, width(value))));
    const now = performance.now();
    if (wanted < this.#fit || !isSameRow || now - this.#shrunkAt > REST_MS) {
      this.#fit = wanted;
      this.#shrunkAt = now;
    }
    if (wanted > this.#fit) {
      // Asked again later: the key is not known.
      this.#key = `${key}|waiting`;
    }
    row.style.setProperty("--fit", this.#fit.toFixed(3));
  }
}

/** The width of an element's text, in CSS pixels. */
function width(element: HTMLElement): number {
  return element.getBoundingClientRect().width;
}

/** The room in the box around an element. */
function room(element: HTMLElement): number {
  const box = element.parentElement;
  if (box === null) {
    return 0;
  }
  const { paddingLeft, paddingRight } = getComputedStyle(box);
  return box.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
}

/** Hides the last of some children that do not fit a box; returns how many are hidden. */
export function trim(holder: HTMLElement, box: HTMLElement = holder): number {
  const children = [...holder.children] as HTMLElement[];
  for (const child of children) {
    child.hidden = false;
  }
  const end = box.getBoundingClientRect().bottom + 0.5;
  const first = children.findIndex((child) => child.getBoundingClientRect().bottom > end);
  if (first < 0) {
    return 0;
  }
  for (const child of children.slice(first)) {
    child.hidden = true;
  }
  return children.length - first;
}

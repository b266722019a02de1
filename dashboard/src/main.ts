// The page at `/`: puts its parts together and draws them on one frame clock.

import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/wall.css";

import { Feed } from "./data/feed.ts";
import { PHASES, worst } from "./data/thresholds.ts";
import { byId, setAttribute, setText } from "./dom.ts";
import { number } from "./format.ts";
import { AlertList } from "./parts/alerts.ts";
import { Charts } from "./parts/charts.ts";
import { Controls } from "./parts/controls.ts";
import { EnginePanel } from "./parts/engine.ts";
import { FigureCards, shownOf } from "./parts/figures.ts";
import { Freshness } from "./parts/freshness.ts";
import { GroupTable } from "./parts/groups.ts";
import { Readiness } from "./parts/readiness.ts";
import { SessionList } from "./parts/sessions.ts";
import type { View } from "./view/address.ts";
import { Choice } from "./view/choice.ts";
import { FrameClock } from "./view/frame.ts";
import { listen } from "./view/keys.ts";
import { apply } from "./view/looks.ts";

const choice = new Choice();
apply(choice.view, undefined);

const page = byId("page");
const notice = byId("notice");
const readiness = new Readiness(byId("readiness"));
const freshness = new Freshness(byId("freshness"));
const controls = new Controls(byId("controls"), choice);
const figures = new FigureCards(byId("figures"));
const alerts = new AlertList(byId("alerts"));
const charts = new Charts(byId("charts"));
const groups = new GroupTable(byId("groups"), choice);
const sessions = new SessionList(byId("sessions"), choice);
const engine = new EnginePanel(byId("engine"));

const frames = new FrameClock(draw);
const feed = new Feed(choice, () => frames.request());

choice.onChange((view, before) => {
  if (apply(view, before)) {
    charts.recolour();
  }
});
listen(choice, () => groups.search());
// Age is told also when nothing comes.
setInterval(() => frames.request(), 1_000);
frames.request();

function draw(): void {
  const { known } = feed;
  const { view } = choice;
  const isStale = freshness.draw(known, performance.now());
  document.documentElement.classList.toggle("stale", isStale);
  controls.draw(view);
  notice.hidden = known.refusal === undefined;
  setText(notice, known.refusal === undefined ? "" : `▲ The server refuses what this page asks: ${known.refusal}`);
  if (known.figures !== undefined) {
    readiness.draw(known.figures.engine.notReady);
    figures.draw(known.figures, view);
    alerts.draw(known.figures.alerts.items);
    engine.draw(known.figures, known.details);
    setText(byId("version"), `streamgauge ${known.figures.engine.version}`);
    setTitle();
    // Which snapshot is shown: what stands on the page can be held against it.
    setAttribute(page, "data-sequence", String(known.figures.engine.snapshotSequence));
    setAttribute(page, "data-engine", known.figures.engine.engineId);
    setAttribute(page, "aria-busy", "false");
  }
  if (known.figures !== undefined && known.details !== undefined && known.detailsView !== undefined) {
    charts.draw(known.details, known.detailsView, known.figures.stream.gaps);
    groups.draw(known.details, known.figures.alerts.items, { ...known.detailsView, ...answeredHere() });
    sessions.draw(known.details, known.detailsView);
  }
}

/** What the table answers at once, before the server has. */
function answeredHere(): Pick<View, "search" | "group" | "sort"> {
  const { search, group, sort } = choice.view;
  return { search, group, sort };
}

function setTitle(): void {
  const { figures: now } = feed.known;
  if (now === undefined) {
    return;
  }
  const isFiring = worst(now.alerts.items) === "FIRING";
  const { window } = shownOf(now, choice.view);
  const text = `${isFiring ? `${PHASES.FIRING.shape} ` : ""}${number(window?.messagesPerMinute)} messages a minute · streamgauge`;
  if (document.title !== text) {
    document.title = text;
  }
}

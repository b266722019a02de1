// The page at `/`: puts its parts together and draws them on one frame clock.

import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/wall.css";

import type { Figures } from "./data/answers.ts";
import { Feed } from "./data/feed.ts";
import { healthOf, present, type Health } from "./data/health.ts";
import { read } from "./data/metrics.ts";
import { apart } from "./data/thresholds.ts";
import { byId, setAttribute, setText } from "./dom.ts";
import { number } from "./format.ts";
import { AlertList } from "./parts/alerts.ts";
import { Charts } from "./parts/charts.ts";
import { Controls } from "./parts/controls.ts";
import { DeskBoard } from "./parts/desk.ts";
import { EnginePanel } from "./parts/engine.ts";
import { FigureCards, shownOf } from "./parts/figures.ts";
import { Freshness } from "./parts/freshness.ts";
import { GroupTable } from "./parts/groups.ts";
import { Help } from "./parts/help.ts";
import { Herald } from "./parts/herald.ts";
import { HistoryList } from "./parts/history.ts";
import { Readiness } from "./parts/readiness.ts";
import { SessionList } from "./parts/sessions.ts";
import { WallList } from "./parts/wall.ts";
import { dimensionOf, windowOf, type View } from "./view/address.ts";
import { Choice } from "./view/choice.ts";
import { FrameClock } from "./view/frame.ts";
import { listen } from "./view/keys.ts";
import { apply, printLight } from "./view/looks.ts";
import { Rotation } from "./view/rotation.ts";
import { Upgrade } from "./view/upgrade.ts";

const choice = new Choice();
apply(choice.view, undefined);

const page = byId("page");
const notice = byId("notice");
const readiness = new Readiness(byId("readiness"));
const title = document.querySelector(".bar h1");
const herald = new Herald();
const freshness = new Freshness(byId("freshness"));
const help = new Help();
const controls = new Controls(byId("controls"), choice, herald, help);
const figures = new FigureCards(byId("figures"));
const history = new HistoryList(choice);
const alerts = new AlertList(byId("alerts"), history.button, () => frames.request());
byId("alerts").parentElement?.append(history.root);
const charts = new Charts(byId("charts"));
const wall = new WallList();
byId("charts").closest("section")?.before(wall.root);
const desk = new DeskBoard(choice);
byId("groups").parentElement?.before(desk.root);
const groups = new GroupTable(byId("groups"), choice);
const sessions = new SessionList(byId("sessions"), choice);
const engine = new EnginePanel(byId("engine"));
const rotation = new Rotation(choice);
const upgrade = new Upgrade();

const frames = new FrameClock(draw);
const feed = new Feed(choice, () => {
  frames.request();
  // A hidden page gets no frames, but its tab is still looked at.
  tell();
});

choice.onChange((view, before) => {
  if (apply(view, before)) {
    charts.recolour();
  }
});
listen(choice, () => groups.search(), () => help.toggle());
printLight(() => charts.recolour());
addEventListener("resize", () => frames.request());
// Age grows also when nothing comes.
setInterval(() => {
  rotation.tick(performance.now());
  frames.request();
  tell();
}, 1_000);
rotation.tick(performance.now());
frames.request();

/** Title, icon, sound and the line for screen readers. */
function tell(): void {
  const { known } = feed;
  const health = healthOf(known, present(), document.hidden);
  document.documentElement.classList.toggle("stale", health.kind !== "fresh");
  if (known.figures === undefined) {
    return;
  }
  upgrade.heard(known.figures.engine.engineId);
  herald.tell({
    health,
    alerts: alerts.heard(known.figures.alerts.items),
    asOfMs: known.figures.realTimeMetrics.asOfMs,
    title: tabTitle(known.figures),
  });
}

function tabTitle(now: Figures): string {
  const { openSessions, name } = shownOf(now, choice.view);
  const of = name === undefined ? "" : `${name}: `;
  return `${of}${number(openSessions)} open`;
}

function draw(): void {
  const { known } = feed;
  const { view } = choice;
  const health = healthOf(known, present(), document.hidden);
  freshness.draw(known, health);
  const name = known.figures === undefined ? view.group : shownOf(known.figures, view).name;
  controls.draw(view, name);
  drawHeading(view, name);
  notice.hidden = known.refusal === undefined;
  setText(notice, known.refusal === undefined ? "" : `▲ The server refuses what this page asks: ${known.refusal}`);
  const now = known.figures;
  if (now === undefined) {
    return;
  }
  const { asOfMs } = now.realTimeMetrics;
  const rules = now.alerts.items;
  readiness.draw(now.engine.notReady);
  figures.draw(now, view);
  alerts.draw(rules, asOfMs, view.wall);
  history.draw(known.history, rules.length, view);
  engine.draw(now, known.details);
  setText(byId("version"), `streamgauge ${now.engine.version}`);
  // Which snapshot is shown: what stands on the page can be held against it.
  setAttribute(page, "data-sequence", String(now.engine.snapshotSequence));
  setAttribute(page, "data-engine", now.engine.engineId);
  setAttribute(page, "aria-busy", "false");
  if (known.details !== undefined && known.detailsView !== undefined) {
    const of = known.detailsView;
    charts.draw(known.details, of, now.stream.gaps, rules, shownOf(now, of));
    desk.draw(known.details);
    groups.draw(known.details, rules, now.engine.waitLevels, { ...of, ...answeredHere() }, asOfMs);
    const shown = shownOf(now, of);
    sessions.draw(known.details, { ...of, silent: view.silent }, shown.name, read(shown.now, "awaitingReply"));
    // Last, because it takes what room the others leave.
    wall.draw(known.details, rules, now.engine.waitLevels, doubtOf(health, now), { ...of, wall: view.wall }, asOfMs);
  }
}

/** Why no queue may look calm; empty where all of them are known. */
function doubtOf(health: Health, { realTimeMetrics: { windows } }: Figures): string {
  if (health.kind !== "fresh") {
    return "◇ not known at present";
  }
  const minute = windows.filter(({ windowMs }) => windowMs <= 60_000).toSorted((a, b) => b.windowMs - a.windowMs)[0];
  return minute === undefined || minute.complete ? "" : "◇ known for less than a minute";
}

/** On a wall the heading says what the numbers are of. */
function drawHeading(view: View, name: string | undefined): void {
  if (title === null) {
    return;
  }
  const { label, one } = dimensionOf(view);
  const what = view.group === undefined ? label : `${one} ${apart(name ?? view.group)}`;
  const place = rotation.place;
  const turn = place === undefined ? "" : ` · ${place.index + 1}/${place.count}`;
  setText(title, view.wall ? `${what} · last ${windowOf(view).label}${turn}` : "streamgauge");
}

/** What the table answers at once, before the server has. */
function answeredHere(): Pick<View, "search" | "group" | "kind" | "sort" | "reverse"> {
  const { search, group, kind, sort, reverse } = choice.view;
  return { search, group, kind, sort, reverse };
}

"""Files as the world writes them: many layouts, escapes, other scripts, long messages, odd ids."""

import itertools
import json
import random

from . import build

EVENTS, LINES = 1_000_000, 100_000
# Part of the files' names: another number makes them again.
VERSION = 1

PLAIN = "I have a question about my order, the one from last week"
# As a program writes them that escapes what is not ASCII, and as one that does not.
ESCAPED = json.dumps('He said "yes".\nGrüße aus Köln \U0001f642')
OTHER_SCRIPT = json.dumps("Grüße aus Köln, 你好 \U0001f642", ensure_ascii=False)


def base():
    """The last events of the generator's file, as objects: the first ones are connects alone."""
    with build.events(EVENTS).open() as file:
        for line in itertools.islice(file, EVENTS - LINES, EVENTS):
            yield json.loads(line)


def text(event):
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


def layouts(count):
    """So many orders of keys, with a key or two of their own, in turn at random."""

    def shuffled(fields, rng):
        items = list(fields.items())
        rng.shuffle(items)
        return dict(items)

    def lines():
        drawn = random.Random(1)
        for event in base():
            layout = drawn.randrange(count)
            rng = random.Random(layout)
            event["data"][f"field{layout}"] = PLAIN
            event["data"] = shuffled(event["data"], rng)
            yield text(shuffled(event, rng))

    return lines


def texts(share, odd):
    """A text in every message, which is `odd`, as JSON writes it, in a share of them."""

    def lines():
        drawn = random.Random(2)
        for event in base():
            if event["eventType"] != "webchat:message":
                yield text(event)
                continue
            is_odd = drawn.random() < share
            event["data"]["text"] = "@"
            yield text(event).replace('"@"', odd if is_odd else json.dumps(PLAIN))

    return lines


def changed(change):
    """Every event, changed by a function of it and its number."""

    def lines():
        for number, event in enumerate(base()):
            change(event, number)
            yield text(event)

    return lines


def other_ids(event, _):
    event["data"]["sessionId"] = "guest/" + event["data"]["sessionId"][:13]
    event["data"]["messageId"] = f"m-{event['metadata']['seq']}"


def one_session(event, _):
    if event["eventType"] == "webchat:message":
        event["data"]["sessionId"] = "0a1b2c3d-4e5f-4a6b-8c7d-000000000001"


def many_queues(event, number):
    event["data"]["queueId"] = f"queue-{number:06}"


def names_in_other_scripts(event, number):
    event["data"]["queueId"] = f"Vertrieb Süd {number % 40}"


def long(odd=""):
    def change(event, _):
        event["data"]["text"] = (PLAIN + ". " + odd) * (5_000 // len(PLAIN))

    return change


# By name: what it is, and its lines.
FILES = {
    "plain": ("as the generator writes them", lambda: (text(event) for event in base())),
    "layouts_8": ("eight layouts", layouts(8)),
    "layouts_80": ("eighty layouts", layouts(80)),
    "escapes_1": ("escapes in 1 % of messages", texts(0.01, ESCAPED)),
    "escapes_10": ("escapes in 10 % of messages", texts(0.1, ESCAPED)),
    "escapes_100": ("escapes in all messages", texts(1, ESCAPED)),
    "non_ascii_1": ("non-ASCII in 1 % of messages", texts(0.01, OTHER_SCRIPT)),
    "non_ascii_10": ("non-ASCII in 10 % of messages", texts(0.1, OTHER_SCRIPT)),
    "non_ascii_100": ("non-ASCII in all messages", texts(1, OTHER_SCRIPT)),
    "non_ascii_names": ("non-ASCII names of queues", changed(names_in_other_scripts)),
    "ids": ("ids that are no UUID", changed(other_ids)),
    "long": ("messages of 5 KB", changed(long())),
    "long_escapes": ("messages of 5 KB with escapes", changed(long('"quoted"\n'))),
    "hot_session": ("one hot session", changed(one_session)),
    "queues": ("100,000 queues", changed(many_queues)),
}


def file(name):
    """The file of a kind of mess, made once, in the page cache."""
    path = build.WORK / f"mess{VERSION}_{name}_{LINES}.ndjson"
    if not path.exists():
        build.WORK.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("w") as out:
            out.writelines(line + "\n" for line in FILES[name][1]())
        part.rename(path)
    with path.open("rb") as opened:
        while opened.read(1 << 24):
            pass
    return path

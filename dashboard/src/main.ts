// The page at `/`.

document.title = `streamgauge at ${location.host}`;

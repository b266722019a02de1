//! `streamgauge check`.

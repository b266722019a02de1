//! `streamgauge completions`.

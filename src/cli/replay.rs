//! `streamgauge replay`.

//! `streamgauge serve`.

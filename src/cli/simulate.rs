//! `streamgauge simulate`.

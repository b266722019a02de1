//! `streamgauge demo`.

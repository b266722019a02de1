//! `streamgauge simulate`: placeholder while the command is written.

use super::Failure;

/// Arguments of `streamgauge simulate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
///
/// # Errors
/// Always: it is not built yet.
pub(super) fn run(_args: Args) -> Result<(), Failure> {
    Err(Failure::Failed("simulate: not built yet".to_owned()))
}

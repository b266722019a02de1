//! `streamgauge replay`: placeholder while the command is written.

use super::Failure;

/// Arguments of `streamgauge replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
///
/// # Errors
/// Always: it is not built yet.
pub(super) fn run(_args: Args) -> Result<(), Failure> {
    Err(Failure::Failed("replay: not built yet".to_owned()))
}

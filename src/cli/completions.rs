//! `streamgauge completions SHELL`: a completion script on standard output.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::Failure;
use super::output;

/// Arguments of `streamgauge completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell to complete in
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "streamgauge", &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(())
}

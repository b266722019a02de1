//! Flags made of the table of settings. They only carry text: what is wrong with it is said by
//! `config`, everything at once.

use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::Args;
use clap::Command;
use clap::Error;
use clap::FromArgMatches;
use clap::ValueHint;

use crate::config::Flags;
use crate::config::Group;
use crate::config::SETTINGS;
use crate::config::Setting;

/// The flags of every setting but the log's.
#[derive(Clone, Debug)]
pub(super) struct SettingFlags(pub(super) Flags);

/// The flags of the log; every command takes them.
#[derive(Clone, Debug)]
pub(super) struct LogFlags(pub(super) Flags);

fn is_of_log(setting: &Setting) -> bool {
    setting.name.starts_with("log")
}

fn settings(of_log: bool) -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .copied()
        .filter(move |setting| is_of_log(setting) == of_log)
}

fn arg(setting: &'static Setting) -> Arg {
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value)
        .help(help(setting));
    let arg = match setting.group {
        Group::General => arg,
        group => arg.help_heading(group.label()),
    };
    if setting.is_secret() {
        // Taken so that it can be refused with a reason: a command line is no place for it.
        return arg.hide(true).num_args(0..=1);
    }
    if setting.is_switch() {
        return arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    if setting.is_list() {
        return arg.action(ArgAction::Append);
    }
    if setting.is_path() {
        return arg.value_hint(ValueHint::FilePath);
    }
    arg
}

/// The setting's sentence, its default and its variables.
fn help(setting: &Setting) -> String {
    let mut variables: Vec<String> = setting.variables().collect();
    variables.reverse();
    let default = setting
        .default
        .map(|default| format!("default: {default}, "))
        .unwrap_or_default();
    format!(
        "{} [{default}env: {}]",
        setting.help,
        variables.join(" or ")
    )
}

fn flags(matches: &ArgMatches, of_log: bool) -> Flags {
    let mut flags = Flags::default();
    for setting in settings(of_log) {
        if !matches.contains_id(setting.name) {
            continue;
        }
        // A secret's text ends here.
        let texts = matches.get_many::<String>(setting.name);
        let texts = texts.filter(|_| !setting.is_secret()).into_iter().flatten();
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        flags.set(setting, texts.join(","));
    }
    flags
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        command.args(settings(false).map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self(flags(matches, false)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for LogFlags {
    fn augment_args(command: Command) -> Command {
        let of_log = |setting| arg(setting).global(true).help_heading("Logging");
        command.args(settings(true).map(of_log))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LogFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self(flags(matches, true)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

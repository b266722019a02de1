//! The variables that a command is started with.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt;

/// The process's environment as a value, so that tests bring their own.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// A variable's value. One that is empty or blank is as good as unset: a file of settings for a
    /// container often names more variables than it fills.
    pub fn get(&self, variable: &str) -> Option<&OsStr> {
        let text = self.0.get(OsStr::new(variable))?;
        let is_blank = text.to_str().is_some_and(|text| text.trim().is_empty());
        (!is_blank).then_some(text)
    }

    /// Whether it is set, be it to nothing.
    pub(super) fn has(&self, variable: &str) -> bool {
        self.0.contains_key(OsStr::new(variable))
    }

    /// The names of all variables that are set and are text.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let set = self.0.keys().filter_map(|name| name.to_str());
        set.filter(|name| self.get(name).is_some())
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(variables.map(|(k, v)| (k.into(), v.into())).collect())
    }
}

/// Says nothing of the values: there are secrets among them.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

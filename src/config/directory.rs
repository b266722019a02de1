//! What ids of the stream are outside of it: names for people, and links into other programs.

use super::layers::Layers;
use super::link::LinkTemplate;
use super::names::Names;
use super::names_file;
use super::setting::Group;
use super::setting::Kind;
use super::setting::Setting;

/// Names and links, as settings give them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Names of queues, deployments and directions.
    pub names: Names,
    /// Where a session can be looked at.
    pub session_link: Option<LinkTemplate>,
}

pub(super) const NAMES_FILE: Setting = Setting {
    name: "names-file",
    alias: None,
    value: "FILE.csv",
    default: None,
    group: Group::Server,
    help: "Names to show for ids: rows of kind,id,name; the kind is queue, deployment or direction",
    kind: Kind::Path(|draft| &mut draft.names_file),
};

pub(super) const SESSION_LINK: Setting = Setting {
    name: "session-link",
    alias: None,
    value: "URL",
    default: None,
    group: Group::Server,
    help: "Where a session can be looked at; {id} in the https URL is replaced by the session's id",
    kind: Kind::Text(|draft, text| {
        draft.session_link = Some(LinkTemplate::parse(text)?);
        Ok(())
    }),
};

/// The directory of the settings; faults for what is wrong with the file of names.
pub(super) fn directory(layers: &mut Layers) -> Directory {
    let mut directory = Directory {
        names: Names::default(),
        session_link: layers.draft.session_link.clone(),
    };
    let Some(path) = layers.draft.names_file.clone() else {
        return directory;
    };
    match names_file::read(&path) {
        Ok(names) => directory.names = names,
        Err(faults) => {
            let path = path.display().to_string();
            for why in faults {
                layers.fault(NAMES_FILE.name, format!("{}: {why}", path.escape_debug()));
            }
        }
    }
    directory
}

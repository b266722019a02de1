//! The settings that the directory is read from.

use super::link::LinkTemplate;
use super::setting::Group;
use super::setting::Kind;
use super::setting::Setting;

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

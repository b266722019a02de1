//! The directory, read from what its settings name.

use super::directory::Directory;
use super::directory_table::NAMES_FILE;
use super::layers::Layers;
use super::names::Names;
use super::names_file;

/// The directory of the settings; faults for what is wrong with the file of names.
pub(super) fn directory(layers: &mut Layers) -> Directory {
    let mut directory = Directory {
        names: Names::default(),
        session_link: layers.draft.session_link.clone(),
    };
    let Some(path) = layers.draft.names_file.clone() else {
        return directory;
    };
    let read = names_file::read(&path);
    let path = path.display().to_string();
    let path = path.escape_debug();
    match read {
        Ok(names) if names.is_empty() => {
            let line = format!("{}: {path}: holds no names", NAMES_FILE.name);
            layers.warnings.push(line);
        }
        Ok(names) => directory.names = names,
        Err(faults) => {
            for why in faults {
                layers.fault(NAMES_FILE.name, format!("{path}: {why}"));
            }
        }
    }
    directory
}

//! Why bytes are no image that a state can go on from.

/// What is wrong with an image, in one line for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageFault {
    /// The bytes are something else.
    #[error("not an image of streamgauge: it does not begin like one")]
    Other,
    /// It was made by a program with another form of images: use that program, or begin without it.
    #[error("an image of version {found}, where this program reads version {known}")]
    Version {
        /// The version it says.
        found: u16,
        /// The version this program reads.
        known: u16,
    },
    /// The end is missing: it was not written to its end, or cut off.
    #[error("the image ends too early, in {within}")]
    Short {
        /// Where it ends.
        within: &'static str,
    },
    /// It says something that no state can be.
    #[error("the image is damaged: {what}")]
    Damaged {
        /// What it says wrong.
        what: &'static str,
    },
    /// It was made under settings that gave numbers another meaning.
    #[error("the image was made with another {what}")]
    Settings {
        /// Which setting.
        what: &'static str,
    },
}

impl ImageFault {
    /// [`ImageFault::Damaged`].
    pub(in crate::aggregate) const fn damaged(what: &'static str) -> Self {
        Self::Damaged { what }
    }
}

/// Goes on where something that an image must keep is so.
pub(in crate::aggregate) const fn ensure(
    is_so: bool,
    otherwise: &'static str,
) -> Result<(), ImageFault> {
    match is_so {
        true => Ok(()),
        false => Err(ImageFault::damaged(otherwise)),
    }
}

//! Who may ask: the token in force, how a request shows it, the browsers that have signed in, and the
//! pages from which a browser's request may come.

pub(in crate::serve) mod admission;
pub(in crate::serve) mod bearer;
pub(in crate::serve) mod fetch_site;
pub(in crate::serve) mod sign_in;

//! What a query document would cost, known before the parser sees it: its tokens, its size once every
//! fragment stands where it is spread, its depth and the fields it asks for.

mod lexer;
pub(in crate::serve) mod measure;
pub(in crate::serve) mod precheck;

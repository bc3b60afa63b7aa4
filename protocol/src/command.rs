//! Declarative command tables and everything that is answered from them.
//!
//! A daemon states its commands as a `static` slice of [`CommandSpec`]s. [`CommandTable`] indexes that slice once at
//! start and gives lookup, arity checks, the generic error texts, key extraction and the replies of the `COMMAND`
//! family. The access control list works on the [`CommandId`]s the table hands out.

mod absent;
mod bits;
mod category;
mod docs_reply;
pub mod families;
mod flags;
mod handler;
mod help;
mod info_reply;
mod key_spec;
mod spec;
mod synopsis;
mod table;
#[cfg(test)]
pub(crate) mod testing;

pub use absent::AbsentCommands;
pub use category::Categories;
pub use flags::CommandFlags;
pub use handler::handle_command;
pub use help::write_help;
pub use key_spec::{BeginSearch, FindKeys, KeyAccess, KeyRef, KeySpec};
pub use spec::{ArgFlags, ArgKind, ArgSpec, Channels, CommandDocs, CommandSpec, KeyFinder};
pub use table::{Command, CommandError, CommandId, CommandTable};

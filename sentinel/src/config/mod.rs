//! Configuration of a sentinel: `.conf` and YAML, one table of directives behind both, and the place of the state.
//!
//! [`load()`] reads a file, what it includes, standard input and the command line into [`Settings`] (the daemon's business),
//! a `Setup` (the core's business) and a [`Store`] that makes both survive a restart. The tables ([`SERVER_DIRECTIVES`],
//! [`SENTINEL_DIRECTIVES`], [`GROUP_OPTIONS`], [`SECTIONS`]) drive the parsers, the defaults, what is written back, `SENTINEL SET`
//! and the reference page.

mod advice;
mod apply;
mod buffers;
mod choices;
mod convert;
mod directive;
mod draft;
mod error;
mod field;
mod group;
mod kept;
mod launch;
mod load;
mod reference;
mod renames;
mod secret;
mod section;
mod sentinel;
mod server;
mod settings;
mod source;
mod store;
mod value;
mod yaml;

pub use advice::advice;
pub use buffers::{BufferLimit, BufferLimits};
pub use choices::{AclPubsubDefault, Guard, LogFormat, LogLevel, LogTimestampFormat, Supervised, TlsAuthClients};
pub use convert::{ConvertError, to_yaml};
pub use directive::{Directive, Section};
pub(crate) use draft::os_reason;
pub use error::{ConfigError, Place, Warning};
pub use field::{ByteCount, FileMode};
pub(crate) use group::yes_no;
pub use group::{GROUP_OPTIONS, GroupOption, GroupOptionError, GroupSetting, group_option};
pub use kept::KEPT_DIRECTIVES;
pub use launch::{Invocation, Launch};
pub use load::{Loaded, Randomness, inspect, is_yaml, load};
pub use reference::reference;
pub use renames::Renames;
pub use secret::{Secret, UserLine};
pub use section::{
    Entry, Fault, HookPhase, HookSettings, NamedSection, OnFailure, PublishSettings, SECTIONS, SectionKey, Takes,
    TargetSettings, TargetType,
};
pub use sentinel::{SENTINEL_DIRECTIVES, SentinelDirective};
pub use server::{SERVER_DIRECTIVES, ServerSettings, server_directive};
pub use settings::{MasterSettings, Settings};
pub use store::{ConfStore, Journal, SaveError, StateError, StateStore, Store};
pub use value::{Refusal, Syntax, Value};

//! The text of the `INFO` command, both ways: a writer for servers, a line reader and the facts a supervisor needs of
//! a data node.
//!
//! The text is lines of `field:value`, grouped under lines of `# Section`, all ending in CR LF.

mod lines;
mod node;
mod replica;
mod writer;

pub use lines::{InfoLine, info_lines};
pub use node::{MasterLink, NodeInfo, NodeRole};
pub use replica::{ReplicaLine, ReplicaState};
pub use writer::InfoWriter;

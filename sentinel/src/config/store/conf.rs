//! The `.conf` file as the place of the state: rewritten in place, its owner's comments and order kept.

use std::fs;
use std::path::{Path, PathBuf};

use bongsu_process::atomic::{Means, Stamp, write};
use bongsu_protocol::conf::{ConfDocument, ConfRewrite, Presence, join_words};
use bongsu_sentinel_core::Durable;
use sha2::{Digest, Sha256};

use super::super::group::GROUP_OPTIONS;
use super::super::sentinel::SENTINEL_DIRECTIVES;
use super::super::server::{SERVER_DIRECTIVES, ServerSettings};
use super::super::settings::Settings;
use super::lines::sentinel_lines;
use super::{SaveError, Store};

/// Mode of the file before the umask: Redis' choice, which tools that read the file rely on.
const FILE_MODE: u32 = 0o644;

/// A `.conf` file that is rewritten in place.
#[derive(Debug)]
pub struct ConfStore {
    path: PathBuf,
    document: ConfDocument,
    /// The file as last read or written by us, to notice edits made by others.
    stamp: Option<Stamp>,
    /// What we wrote last, and how.
    written: Option<String>,
    means: Means,
}

impl ConfStore {
    pub(crate) fn new(path: PathBuf, text: &str) -> Self {
        // A link goes on leading to the file.
        let path = path.canonicalize().unwrap_or(path);
        let stamp = Stamp::at(&path);
        Self { document: ConfDocument::parse(text), stamp, written: None, means: Means::Replaced, path }
    }

    /// What was written last.
    pub(super) fn written(&self) -> Option<&str> {
        self.written.as_deref()
    }

    pub(super) fn is_overwritten(&self) -> bool {
        self.means == Means::Overwritten
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn render(&self, settings: &Settings, durable: &Durable) -> String {
        let mut rewrite = rewrite(settings, durable);
        // Redis counts its own default as changed here: every rewritten file has the line.
        if !self.document.directives().flatten().any(|directive| directive.name() == PERCENTILES) {
            rewrite.line(PERCENTILES, format!("{PERCENTILES} 50 99 99.9"), Presence::Required);
        }
        self.document.rewrite(&rewrite)
    }

    pub(super) fn save(&mut self, settings: &Settings, durable: &Durable) -> Result<(), SaveError> {
        let untouched = self.stamp.is_some() && Stamp::at(&self.path) == self.stamp;
        if !untouched {
            self.read_again();
        }
        let text = self.render(settings, durable);
        if untouched && self.written.as_ref() == Some(&text) {
            return Ok(());
        }
        let (stamp, means) = write(&self.path, &text, FILE_MODE)?;
        (self.stamp, self.means) = (Some(stamp), means);
        self.written = Some(text);
        Ok(())
    }

    /// Takes over what somebody else wrote, so that comments added while we run survive. A file that is gone or is not
    /// text is written anew from what we know.
    fn read_again(&mut self) {
        if let Ok(text) = fs::read_to_string(&self.path) {
            self.document = ConfDocument::parse(&text);
        }
    }
}

impl From<ConfStore> for Store {
    fn from(store: ConfStore) -> Self {
        Self::Conf(store)
    }
}

/// Everything that is stated about the file.
fn rewrite(settings: &Settings, durable: &Durable) -> ConfRewrite {
    let mut rewrite = ConfRewrite::new();
    for (alias, key) in aliases() {
        rewrite.alias(&alias, &key);
    }
    server_lines(&settings.server, &mut rewrite);
    rewrite.clear("user");
    if settings.server.aclfile.is_none() {
        for line in user_lines(settings) {
            rewrite.line("user", line, Presence::Required);
        }
    }
    for directive in SENTINEL_DIRECTIVES.iter() {
        rewrite.clear(&format!("sentinel {}", directive.name));
    }
    for stated in sentinel_lines(settings, durable) {
        rewrite.line(&format!("sentinel {}", stated.option), stated.line, stated.presence);
    }
    rewrite
}

/// Other spellings whose lines are reused.
fn aliases() -> impl Iterator<Item = (String, String)> {
    let of_groups = GROUP_OPTIONS.iter().map(|option| (option.name, option.aliases));
    let all = of_groups.chain(SENTINEL_DIRECTIVES.iter().map(|directive| (directive.name, directive.aliases)));
    all.flat_map(|(name, aliases)| {
        aliases.iter().map(move |alias| (format!("sentinel {alias}"), format!("sentinel {name}")))
    })
}

fn server_lines(server: &ServerSettings, rewrite: &mut ConfRewrite) {
    let defaults = ServerSettings::default();
    // A sentinel has no data to save, and Redis never writes these lines in sentinel mode.
    rewrite.clear("save");
    for directive in SERVER_DIRECTIVES {
        rewrite.clear(directive.name);
        let default_lines = (directive.lines)(&defaults);
        for (index, value) in (directive.lines)(server).into_iter().enumerate() {
            // The working directory is written always: where a daemon is started must not matter.
            let changed = directive.name == "dir" || default_lines.get(index) != Some(&value);
            let presence = if changed { Presence::Required } else { Presence::IfPresent };
            rewrite.line(directive.name, format!("{} {value}", directive.name), presence);
        }
    }
}

const PERCENTILES: &str = "latency-tracking-info-percentiles";

/// The users, the default user included.
pub(super) fn user_lines(settings: &Settings) -> Vec<String> {
    let mut lines: Vec<String> = settings.users.iter().map(|user| user.to_line()).collect();
    if !settings.users.iter().any(|user| user.name == "default") {
        let password = settings.server.requirepass.as_ref().map(|pass| format!("#{}", sha256_hex(pass.expose())));
        let password = password.unwrap_or_else(|| "nopass".to_owned());
        lines.push(join_words(["user", "default", "on", &password, "~*", "&*", "+@all"]));
    }
    lines
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

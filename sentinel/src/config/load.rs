//! From a command line to settings, setup and store.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bongsu_sentinel_core::{Addr, GroupName, GroupSpec, RunId, Setup, Tunables};

use super::draft::Draft;
use super::error::{ConfigError, Warning};
use super::launch::Launch;
use super::sentinel::sentinel_directive;
use super::settings::Settings;
use super::source::{FILE_BYTES_MAX, Line, from_arguments, read_file, read_text};
use super::store::{Base, ConfStore, Journal, StateError, StateStore, Store, state};
use super::yaml;

/// Randomness that a start needs.
#[derive(Clone, Copy, Debug)]
pub struct Randomness {
    /// Makes the identity of a sentinel that has none.
    pub id: [u8; 20],
    /// Seeds the jitter of the core.
    pub seed: u64,
}

/// A configuration that is ready to run.
#[derive(Debug)]
pub struct Loaded {
    /// The daemon's settings.
    pub settings: Settings,
    /// What the core starts with.
    pub setup: Setup,
    /// Where the state goes.
    pub store: Store,
    /// Where what cannot wait for the store goes.
    pub journal: Journal,
    /// Worth logging.
    pub warnings: Vec<Warning>,
    /// The identity is new: save before it is shown to anybody, but after the listeners are bound.
    pub is_new_id: bool,
    /// The configuration file, absolute.
    pub file: PathBuf,
}

/// Loads the configuration to run it: the file must be writable, or the state directory usable.
pub fn load(launch: &Launch, randomness: Randomness) -> Result<Loaded, ConfigError> {
    assemble(launch, randomness, Use::Run)
}

/// Loads the configuration to look at it. Touches nothing on disk.
pub fn inspect(launch: &Launch) -> Result<Loaded, ConfigError> {
    assemble(launch, Randomness { id: [0; 20], seed: 0 }, Use::Look)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Run,
    Look,
}

fn assemble(launch: &Launch, randomness: Randomness, purpose: Use) -> Result<Loaded, ConfigError> {
    let file = launch.file.as_ref().ok_or(ConfigError::NoFile)?;
    let file = env::current_dir().map(|here| here.join(file)).unwrap_or_else(|_| file.clone());
    let text = read_file(&file)?;
    let source = file.display().to_string();
    let is_yaml = is_yaml(&file);
    let mut lines = if is_yaml { yaml::read(&text, &source)? } else { read_text(&text, &source, 0)? };
    if launch.stdin {
        lines.extend(read_text(&read_stdin()?, "standard input", 0)?);
    }
    lines.extend(from_arguments(&launch.directives));

    let mut draft = Draft::new();
    let applied = draft.read(lines.clone()).and_then(|()| draft.apply_queued());
    applied.map_err(|error| if is_yaml { yaml::locate(error, &text, &source) } else { error })?;
    let (draft, store) = if is_yaml || draft.state_file.is_some() {
        with_state(draft, lines, &file, purpose)?
    } else {
        if purpose == Use::Run {
            check_writable(&file)?;
        }
        (draft, ConfStore::new(file.clone(), &text).into())
    };
    finish(draft, store, file, randomness)
}

/// Loads the state on top of a configuration that is never written.
fn with_state(base: Draft, lines: Vec<Line>, file: &Path, purpose: Use) -> Result<(Draft, Store), ConfigError> {
    let (path, lock, strict) = match &base.state_file {
        Some(path) => (base.settings.path(Path::new(path)), None, false),
        None => {
            let (path, lock) = open_state_dir(&base.settings, purpose)?;
            (path, lock, true)
        }
    };
    // Links may hide that both are one file.
    if path == file || path.canonicalize().is_ok_and(|path| file.canonicalize().is_ok_and(|file| file == path)) {
        return Err(StateError::IsConfig { path }.into());
    }
    let kept = if purpose == Use::Look && !path.exists() { None } else { state::read(&path, strict)? };
    let base_settings = base.settings.clone();
    let base_groups = base.groups.clone();
    let draft = match kept {
        None => base,
        Some(text) => {
            let mut kept = read_text(&text, &path.display().to_string(), 0)?;
            kept.iter_mut().for_each(|line| line.from_state = true);
            let mut draft = Draft::new();
            draft.read(lines.into_iter().filter(|line| !is_seed(line)).collect())?;
            draft.read(kept)?;
            draft.apply_queued()?;
            draft
        }
    };
    let base = Base { settings: base_settings, groups: base_groups };
    Ok((draft, StateStore::new(path, base, lock).into()))
}

/// True for what a sentinel learns by itself: such a line of the configuration counts until there is state.
fn is_seed(line: &Line) -> bool {
    line.lower(0) == "sentinel" && sentinel_directive(&line.lower(1)).is_some_and(|directive| directive.generated)
}

fn open_state_dir(settings: &Settings, purpose: Use) -> Result<(PathBuf, Option<File>), StateError> {
    let port = if settings.server.port == 0 { settings.server.tls_port } else { settings.server.port };
    let by_port = PathBuf::from(format!("sentinel-{port}"));
    let directory = settings.path(settings.server.state_dir.as_ref().unwrap_or(&by_port));
    if purpose == Use::Look {
        return Ok((state::file_in(&directory), None));
    }
    let (path, lock) = state::open_directory(&directory)?;
    Ok((path, Some(lock)))
}

fn finish(draft: Draft, store: Store, file: PathBuf, randomness: Randomness) -> Result<Loaded, ConfigError> {
    let mut warnings = draft.warnings;
    for name in &draft.removed {
        let message = format!(
            "group {name} is in the configuration but was removed at run time; SENTINEL MONITOR watches it again"
        );
        warnings.push(Warning { place: None, message });
    }
    let mut setup = Setup {
        my_id: draft.my_id.unwrap_or_else(|| RunId::from_bits(randomness.id)),
        current_epoch: draft.current_epoch,
        groups: draft.groups,
        tunables: Tunables::default(),
        announce_hostnames: draft.settings.announce_hostnames,
        seed: randomness.seed,
    };
    let (journal, left) = Journal::open(store.path(), setup.my_id)?;
    let in_file: Vec<Addr> = setup.groups.iter().map(|group| group.master.clone()).collect();
    for entry in left {
        entry.apply(&mut setup.current_epoch, &mut setup.groups);
    }
    for (group, before) in setup.groups.iter().zip(in_file).filter(|(group, before)| !group.master.same_place(before)) {
        let message = format!(
            "group {} had another master than {before} when this sentinel ended, which the journal says and the file does not: {}",
            group.name, group.master
        );
        warnings.push(Warning { place: None, message });
    }
    warnings.extend(unwatched(&draft.settings, &setup.groups));
    let is_new_id = draft.my_id.is_none();
    Ok(Loaded { settings: draft.settings, setup, store, journal, warnings, is_new_id, file })
}

/// Hooks and targets may name groups that are monitored later; a name that is mistyped looks the same.
fn unwatched(settings: &Settings, watched: &[GroupSpec]) -> Vec<Warning> {
    let hooks = settings.hooks.iter().map(|hook| ("hook", &hook.name, &hook.groups));
    let targets = settings.publish.iter().map(|target| ("publish", &target.name, &target.groups));
    let warn = |(word, name, groups): (&str, &String, &Vec<GroupName>)| {
        let unknown = groups.iter().filter(|name| !watched.iter().any(|group| group.name == **name));
        let tell = |group| Warning { place: None, message: format!("{word} {name}: no group {group} is watched") };
        unknown.map(tell).collect::<Vec<_>>()
    };
    hooks.chain(targets).flat_map(warn).collect()
}

/// True for names that end in `.yaml` or `.yml`.
pub fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn check_writable(file: &Path) -> Result<(), ConfigError> {
    let opened = File::options().append(true).open(file);
    opened.map(drop).map_err(|source| ConfigError::NotWritable { path: file.to_owned(), source })
}

fn read_stdin() -> Result<String, ConfigError> {
    let mut text = String::new();
    let read = io::stdin().lock().take(FILE_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|source| ConfigError::Unreadable { path: "standard input".into(), source })?;
    Ok(text)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;

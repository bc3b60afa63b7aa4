//! What happens to a log, as manifests made from manifests.

use std::mem;

use super::super::Format;
use super::{File, Manifest, Names, Origin};

impl Manifest {
    /// The manifest of a log that was a single file, which becomes the base under its own name. It is to be in force before the file is
    /// moved into the folder: [`Self::wants_single_file`] tells after a crash that it has not been moved yet.
    pub fn of_single_file(names: &Names) -> Self {
        Self { base: Some(File::new(names.single().to_vec(), 1)), base_seq: 1, ..Self::default() }
    }

    /// Whether a log of a single file that lies beside the folder is to be taken over: because there is no log yet, or because that has
    /// been begun. `is_in_folder`: a file of its name lies in the folder.
    pub fn wants_single_file(&self, names: &Names, is_in_folder: bool) -> bool {
        let is_begun = |base: &File| self.incremental.is_empty() && base.name == names.single() && !is_in_folder;
        match &self.base {
            Some(base) => is_begun(base),
            None => self.incremental.is_empty(),
        }
    }

    /// With another incremental file, which commands go to from now on; it is the [last](Self::last). A rewrite begins with one, so that
    /// what is executed during the rewrite is not in the files that its base will replace.
    #[must_use]
    pub fn with_incremental(&self, names: &Names, origin: Option<Origin>) -> Self {
        let mut next = self.clone();
        // A file of the history that waits for its removal may bear the name: a manifest that was read does not say which numbers
        // such files had.
        let name = loop {
            next.incremental_seq += 1;
            let name = names.incremental(next.incremental_seq);
            if !self.names_file(&name) {
                break name;
            }
        };
        let plain = File::new(name, next.incremental_seq);
        // A name of which most bytes are written as escapes leaves no room in its line.
        let file = origin.map(|origin| plain.clone().with_origin(origin)).filter(File::fits_line).unwrap_or(plain);
        next.incremental.push(file);
        next
    }

    /// With a new base that holds what the old one and the incremental files before number `kept_from` made; those become history. `None`
    /// keeps no incremental file.
    #[must_use]
    pub fn with_base(&self, names: &Names, format: Format, kept_from: Option<u64>) -> Self {
        let mut next = self.clone();
        let name = loop {
            next.base_seq += 1;
            let name = names.base(next.base_seq, format);
            if !self.names_file(&name) {
                break name;
            }
        };
        let base = File::new(name, next.base_seq);
        next.history.extend(next.base.replace(base));
        for file in mem::take(&mut next.incremental) {
            let is_kept = kept_from.is_some_and(|seq| file.seq >= seq);
            if is_kept { next.incremental.push(file) } else { next.history.push(file) }
        }
        next
    }

    /// The files of the history that can be removed, which are all that no other line names.
    pub fn removable(&self) -> impl Iterator<Item = &File> {
        self.history.iter().filter(|file| self.live().all(|live| live.name != file.name))
    }

    /// Without the history. The files are to be removed before this is in force, or nobody knows of them any more.
    #[must_use]
    pub fn without_history(&self) -> Self {
        Self { history: Vec::new(), ..self.clone() }
    }

    fn names_file(&self, name: &[u8]) -> bool {
        self.live().chain(&self.history).any(|file| file.name == name)
    }
}

//! Append-only files: one, or all that a manifest names.

use std::fs::File;
use std::io::{BufRead, Cursor, Read, Write};
use std::path::Path;

use bongsu_persist::aof::Format;
use bongsu_persist::aof::manifest::{Manifest, ManifestError};
use bongsu_persist::aof::scan::{Annotation, Damage, Entry, ScanError, Scanner};

use super::{Stop, rdb};

/// Bytes at the beginning of a file in which the first line that is no comment is looked for.
const START_LEN_MAX: u64 = 64 << 10;

/// What to do about a file that is longer than it should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Repair {
    /// Nothing.
    None,
    /// Cut off what makes no sense, after a question.
    Fix,
    /// Cut off what was executed after this second of the epoch.
    Until(i64),
}

/// How a file turned out.
enum Verdict {
    Valid,
    Empty,
    CutBack,
    CutBackTo(i64),
}

/// Where reading stopped.
enum End {
    Good,
    /// At an annotation of a later time.
    Later {
        offset: u64,
    },
    Broken(ScanError),
}

/// One file of a log.
struct Target<'a> {
    name: &'a str,
    path: &'a Path,
    format: Format,
    is_last: bool,
}

/// Looks at append-only files, says what it finds, and asks before it changes them.
pub(super) struct Checker<'a> {
    pub(super) out: &'a mut dyn Write,
    pub(super) answers: &'a mut dyn BufRead,
    pub(super) repair: Repair,
}

impl Checker<'_> {
    /// Looks at a single file, or at those that it names if it is a manifest.
    pub(super) fn check(&mut self, path: &Path) -> Result<(), Stop> {
        let start = self.start_of(path)?;
        if is_manifest(&start) {
            return self.log(path);
        }
        writeln!(self.out, "Start checking Old-Style AOF")?;
        let name = path.display().to_string();
        self.file("AOF", &Target { name: &name, path, format: Format::of(&start), is_last: true })
    }

    fn log(&mut self, path: &Path) -> Result<(), Stop> {
        writeln!(self.out, "Start checking Multi Part AOF")?;
        let manifest = match Manifest::read(self.open(path)?) {
            Ok(manifest) => manifest,
            Err(error) => return self.bad_manifest(&error),
        };
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let files = manifest.live().count();
        for (index, file) in manifest.live().enumerate() {
            let name = String::from_utf8_lossy(file.name());
            let path = folder.join(os_name(file.name()));
            let is_base = index == 0 && manifest.base().is_some();
            let format = if is_base { Format::of(&self.start_of(&path)?) } else { Format::Commands };
            if is_base {
                let shown = if format == Format::Rdb { "RDB" } else { "RESP" };
                writeln!(self.out, "Start to check BASE AOF ({shown} format).")?;
            } else if index == usize::from(manifest.base().is_some()) {
                writeln!(self.out, "Start to check INCR files.")?;
            }
            let target = Target { name: &name, path: &path, format, is_last: index + 1 == files };
            self.file(if is_base { "BASE AOF" } else { "INCR AOF" }, &target)?;
        }
        Ok(writeln!(self.out, "All AOF files and manifest are valid")?)
    }

    fn bad_manifest(&mut self, error: &ManifestError) -> Result<(), Stop> {
        writeln!(self.out, "*** FATAL AOF MANIFEST FILE ERROR ***")?;
        if let ManifestError::Line { number, text, .. } = error {
            writeln!(self.out, "Reading the manifest file, at line {number}\n>>> '{}'", text.escape_ascii())?;
        }
        self.unsound(&error.to_string())
    }

    /// Looks at one file and says how it turned out.
    fn file(&mut self, kind: &str, target: &Target<'_>) -> Result<(), Stop> {
        let name = target.name;
        let text = match self.examine(target)? {
            Verdict::Valid => format!("{kind} {name} is valid"),
            Verdict::Empty => format!("{kind} {name} is empty"),
            Verdict::CutBack => format!("Successfully truncated AOF {name}"),
            Verdict::CutBackTo(limit) => format!("Successfully truncated AOF {name} to timestamp {limit}"),
        };
        Ok(writeln!(self.out, "{text}")?)
    }

    fn examine(&mut self, target: &Target<'_>) -> Result<Verdict, Stop> {
        let name = target.name;
        let file = self.open(target.path)?;
        let size = match file.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) => return self.unsound(&format!("Cannot stat file: {name}: {error}, aborting...")),
        };
        if size == 0 {
            return Ok(Verdict::Empty);
        }
        let (reader, offset): (Box<dyn Read>, u64) = match target.format {
            Format::Commands => (Box::new(file), 0),
            Format::Rdb => self.preamble(target, file)?,
        };
        let mut scanner = Scanner::new(reader, offset);
        let end = self.scan(&mut scanner)?;
        match end {
            End::Good => {}
            End::Later { offset } => return self.cut_later(target, offset),
            End::Broken(ScanError::Io(error)) => {
                return self.unsound(&format!("Failed to read from AOF {name}: {error}, aborting..."));
            }
            End::Broken(error) => {
                if let ScanError::Damaged { damage: Damage::NoEntry { .. }, .. } = error {
                    writeln!(self.out, "AOF {name} format error")?;
                }
                writeln!(self.out, "0x{:>16x}: {error}", error.offset().unwrap_or_default())?;
            }
        }
        let good_until = scanner.good_until();
        // A server may be writing to it.
        let rest = size.saturating_sub(good_until);
        if let (0, Repair::Until(limit)) = (rest, self.repair) {
            writeln!(self.out, "Truncate nothing in AOF {name} to timestamp {limit}")?;
            return Ok(Verdict::Valid);
        }
        let line = scanner.line();
        writeln!(
            self.out,
            "AOF analyzed: filename={name}, size={size}, ok_up_to={good_until}, ok_up_to_line={line}, diff={rest}"
        )?;
        if rest == 0 { Ok(Verdict::Valid) } else { self.cut_rest(target, size, good_until) }
    }

    /// Checks the RDB file that a file begins with; what is behind it, and where that begins.
    fn preamble(&mut self, target: &Target<'_>, file: File) -> Result<(Box<dyn Read>, u64), Stop> {
        match rdb::check(self.out, target.name, file) {
            Ok((file, read_ahead, offset)) => {
                writeln!(self.out, "RDB preamble is OK, proceeding with AOF tail...")?;
                Ok((Box::new(Cursor::new(read_ahead).chain(file)), offset))
            }
            Err(Stop::Unsound) => self.unsound("RDB preamble of AOF file is not sane, aborting."),
            Err(closed) => Err(closed),
        }
    }

    fn scan(&mut self, scanner: &mut Scanner<impl Read>) -> Result<End, Stop> {
        loop {
            let later = match scanner.next() {
                None => return Ok(End::Good),
                Some(Err(error)) => return Ok(End::Broken(error)),
                Some(Ok(Entry::Command(_))) => None,
                Some(Ok(Entry::Annotation(annotation))) => match self.is_later(&annotation) {
                    Some(is_later) => is_later.then(|| annotation.offset()),
                    None => return self.unsound("Invalid timestamp annotation"),
                },
            };
            if let Some(offset) = later {
                // A transaction is executed as a whole.
                let is_within = scanner.is_in_transaction();
                return Ok(End::Later { offset: if is_within { scanner.good_until() } else { offset } });
            }
        }
    }

    /// Whether the commands behind this were executed later than those that are to stay; `None` if it does not say when.
    fn is_later(&self, annotation: &Annotation<'_>) -> Option<bool> {
        match self.repair {
            Repair::Until(limit) if annotation.is_timestamp() => annotation.timestamp().map(|at| at > limit),
            _ => Some(false),
        }
    }

    fn cut_later(&mut self, target: &Target<'_>, offset: u64) -> Result<Verdict, Stop> {
        let Repair::Until(limit) = self.repair else { return Ok(Verdict::Valid) };
        let name = target.name;
        if offset == 0 {
            return self.unsound(&format!("AOF {name} has nothing before timestamp {limit}, aborting..."));
        }
        if !target.is_last {
            return self.unsound(&format!(
                "Failed to truncate AOF {name} to timestamp {limit} to offset {offset} because it is not the last file.\n\
                 To do it all the same, delete the files behind it, and their lines in the manifest, and check again."
            ));
        }
        match cut(target.path, offset) {
            Ok(()) => Ok(Verdict::CutBackTo(limit)),
            Err(error) => self.unsound(&format!("Failed to truncate AOF {name} to timestamp {limit}: {error}")),
        }
    }

    /// Cuts off what makes no sense, if that is wanted.
    fn cut_rest(&mut self, target: &Target<'_>, size: u64, good_until: u64) -> Result<Verdict, Stop> {
        let name = target.name;
        if self.repair != Repair::Fix {
            return self.unsound(&format!("AOF {name} is not valid. Use the --fix option to try fixing it."));
        }
        if !target.is_last {
            return self.unsound(&format!("Failed to truncate AOF {name} because it is not the last file"));
        }
        let rest = size - good_until;
        writeln!(
            self.out,
            "This will shrink the AOF {name} from {size} bytes, with {rest} bytes, to {good_until} bytes"
        )?;
        write!(self.out, "Continue? [y/N]: ")?;
        self.out.flush()?;
        let mut answer = String::new();
        let is_answered = self.answers.read_line(&mut answer).is_ok();
        if !is_answered || !answer.starts_with(['y', 'Y']) {
            return self.unsound("Aborting...");
        }
        match cut(target.path, good_until) {
            Ok(()) => Ok(Verdict::CutBack),
            Err(error) => self.unsound(&format!("Failed to truncate AOF {name}: {error}")),
        }
    }

    fn start_of(&mut self, path: &Path) -> Result<Vec<u8>, Stop> {
        let mut start = Vec::new();
        match self.open(path)?.take(START_LEN_MAX).read_to_end(&mut start) {
            Ok(_) => Ok(start),
            Err(error) => self.unsound(&format!("Cannot read file: {}: {error}", path.display())),
        }
    }

    fn open(&mut self, path: &Path) -> Result<File, Stop> {
        match File::open(path) {
            Ok(file) => Ok(file),
            Err(error) => self.unsound(&format!("Cannot open file {}: {error}, aborting...", path.display())),
        }
    }

    /// Says why it goes no further.
    fn unsound<T>(&mut self, why: &str) -> Result<T, Stop> {
        writeln!(self.out, "{why}")?;
        Err(Stop::Unsound)
    }
}

/// Whether the first line that is no comment is one of a manifest.
fn is_manifest(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').find(|line| !line.starts_with(b"#"));
    line.is_some_and(|line| line.starts_with(b"file"))
}

fn os_name(name: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(name)
}

fn cut(path: &Path, len: u64) -> std::io::Result<()> {
    let file = File::options().write(true).open(path)?;
    file.set_len(len)?;
    file.sync_all()
}

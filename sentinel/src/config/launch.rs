//! The command line of a sentinel.

use std::path::PathBuf;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Run a sentinel.
    Run(Launch),
    /// `-v`, `--version`.
    Version,
    /// `-h`, `--help`.
    Help,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// The file.
    pub file: Option<PathBuf>,
    /// `-`: more directives come on standard input.
    pub stdin: bool,
    /// `--directive value ...`, each as its words. They come after the file, so they win.
    pub directives: Vec<Vec<String>>,
}

impl Launch {
    /// A sentinel with this file and nothing else.
    pub fn with_file(file: impl Into<PathBuf>) -> Self {
        Self { file: Some(file.into()), ..Self::default() }
    }
}

impl Invocation {
    /// Reads arguments as Redis does: an optional file first, an optional `-`, then `--directive value ...`. A
    /// `--sentinel` without values only says that this is a sentinel. The error is the word that has no meaning.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut launch = Launch::default();
        for (index, argument) in arguments.into_iter().enumerate() {
            match argument.as_str() {
                "-v" | "--version" if index == 0 => return Ok(Self::Version),
                "-h" | "--help" if index == 0 => return Ok(Self::Help),
                "-" if launch.directives.is_empty() => launch.stdin = true,
                word => match (word.strip_prefix("--"), launch.directives.last_mut()) {
                    (Some(name), _) if !name.is_empty() => launch.directives.push(vec![name.to_owned()]),
                    (_, Some(directive)) => directive.push(argument),
                    (_, None) if launch.file.is_none() => launch.file = Some(argument.into()),
                    (_, None) => return Err(argument),
                },
            }
        }
        launch.directives.retain(|words| !(words.len() == 1 && words[0].eq_ignore_ascii_case("sentinel")));
        Ok(Self::Run(launch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn run(arguments: &[&str]) -> Launch {
        match Invocation::parse(arguments.iter().map(|argument| (*argument).to_owned())) {
            Ok(Invocation::Run(launch)) => launch,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn directives_follow_the_file() {
        let launch = run(&["s.conf", "--port", "1", "--sentinel", "--bind", "a", "b", "--sentinel", "monitor", "m"]);
        assert_eq!(launch.file, Some("s.conf".into()));
        assert_eq!(launch.directives, [vec!["port", "1"], vec!["bind", "a", "b"], vec!["sentinel", "monitor", "m"]]);
        assert!(run(&["s.conf", "-"]).stdin);
        assert!(run(&["s.conf", "--sentinel"]).directives.is_empty());
    }

    #[test]
    fn other_invocations() {
        assert_eq!(Invocation::parse(["-v".to_owned()]), Ok(Invocation::Version));
        assert_eq!(Invocation::parse(["--help".to_owned()]), Ok(Invocation::Help));
        assert_eq!(Invocation::parse(["a".to_owned(), "b".to_owned()]), Err("b".to_owned()));
    }
}

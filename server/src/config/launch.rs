//! The command line of a server.

use std::path::PathBuf;

use bongsu_protocol::conf::{push_quoted, split_words};

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Invocation {
    /// Run a server.
    Run(Launch),
    /// `-v`, `--version`.
    Version,
    /// `-h`, `--help`.
    Help,
}

/// Where the configuration comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Launch {
    /// The file.
    pub file: Option<PathBuf>,
    /// `-`: more directives come on standard input.
    pub stdin: bool,
    /// `--directive value ...`, as the lines that they stand for. They come after the file, so they win.
    pub options: String,
}

impl Invocation {
    /// Reads arguments as Redis does: an optional file first, a `-` at either end, and `--directive value ...` with the value in the
    /// same argument or the next ones. The argument after a directive is its value even if it begins with dashes.
    pub fn parse(arguments: &[String]) -> Self {
        match arguments.first().map(String::as_str) {
            Some("-v" | "--version") => return Self::Version,
            Some("-h" | "--help") => return Self::Help,
            _ => {}
        }
        let mut launch = Launch::default();
        let mut rest = arguments;
        if let [first, others @ ..] = arguments
            && !first.starts_with('-')
        {
            launch.file = Some(first.into());
            rest = others;
        }
        let mut may_be_name = true;
        for (index, argument) in rest.iter().enumerate() {
            let is_last = index + 1 == rest.len();
            let is_first = index == 0 && launch.file.is_none();
            match argument.strip_prefix("--") {
                _ if argument == "-" && (is_first || is_last) => launch.stdin = true,
                Some(name) if may_be_name => {
                    let next = rest.get(index + 1).map(String::as_str);
                    may_be_name = launch.begin(name, next);
                }
                _ => {
                    push_quoted(&mut launch.options, argument.as_bytes());
                    launch.options.push(' ');
                    may_be_name = true;
                }
            }
        }
        Self::Run(launch)
    }
}

impl Launch {
    /// A server with this file and nothing else.
    pub fn with_file(file: impl Into<PathBuf>) -> Self {
        Self { file: Some(file.into()), ..Self::default() }
    }

    /// Begins the line of a directive. True if the next argument may be the name of another: this one brought its value, or is one
    /// of those that have been written without one for so long that they must go on working.
    fn begin(&mut self, name: &str, next: Option<&str>) -> bool {
        if !self.options.is_empty() {
            self.options.push('\n');
        }
        self.options.push_str(name);
        self.options.push(' ');
        let has_value = split_words(name.as_bytes()).map_or(0, |words| words.len()) != 1;
        let name_follows = next.is_none_or(|next| next.starts_with("--"));
        let is_save = name.eq_ignore_ascii_case("save") && name_follows;
        if is_save {
            self.options.push_str("\"\"");
        }
        has_value || is_save || (name.eq_ignore_ascii_case("sentinel") && name_follows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn run(arguments: &[&str]) -> Launch {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        match Invocation::parse(&arguments) {
            Invocation::Run(launch) => launch,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn directives_become_lines() {
        let launch = run(&["a.conf", "--port", "1", "--bind", "a", "b", "--loglevel verbose", "--save"]);
        assert_eq!(launch.file, Some("a.conf".into()));
        assert_eq!(launch.options, "port \"1\" \nbind \"a\" \"b\" \nloglevel verbose \nsave \"\"");
        assert_eq!(run(&["--port", "--bla", "--loglevel", "x"]).options, "port \"--bla\" \nloglevel \"x\" ");
        assert_eq!(run(&["--save", "--port", "1"]).options, "save \"\"\nport \"1\" ");
        assert_eq!(run(&["--port"]).options, "port ");
    }

    #[test]
    fn a_dash_at_either_end_is_standard_input() {
        assert!(run(&["-"]).stdin);
        assert!(run(&["-", "--port", "1"]).stdin);
        assert!(run(&["a.conf", "--port", "1", "-"]).stdin);
        assert!(!run(&["--logfile", "-", "--port", "1"]).stdin);
    }
}

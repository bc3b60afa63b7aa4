//! Standard output, which its reader may close at any time.

/// `println!` that fails instead of panicking when nobody reads any more.
macro_rules! say {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($arguments)*)
    }};
}

/// `print!` that fails instead of panicking when nobody reads any more.
macro_rules! write_out {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        let mut out = std::io::stdout();
        write!(out, $($arguments)*).and_then(|()| out.flush())
    }};
}

pub(crate) use {say, write_out};

/// Whether a command failed because nobody reads what it prints.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref::<std::io::Error>().is_some_and(is_pipe)
}

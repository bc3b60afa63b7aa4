//! `INFO` text line by line.

/// One line that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfoLine<'a> {
    /// Everything after it belongs to the section of this name.
    Section(&'a [u8]),
    /// A field and its value; both may hold any bytes, since the text comes from outside.
    Field {
        /// Text before the first colon.
        name: &'a [u8],
        /// Text after it.
        value: &'a [u8],
    },
}

/// Most lines that are looked at: a server with a thousand replicas and every section stays below. What comes after
/// them is ignored, so that a broken or hostile server cannot occupy its reader.
const LINES_MAX: usize = 16 * 1024;

/// The lines of `text`, without blank ones and those that are neither a section nor a field.
pub fn info_lines(text: &[u8]) -> impl Iterator<Item = InfoLine<'_>> {
    let mut rest = text;
    let lines = std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    });
    lines.take(LINES_MAX).filter_map(parse_line)
}

fn parse_line(line: &[u8]) -> Option<InfoLine<'_>> {
    if let [b'#', name @ ..] = line {
        return Some(InfoLine::Section(name.trim_ascii()));
    }
    let colon = memchr::memchr(b':', line)?;
    Some(InfoLine::Field { name: &line[..colon], value: &line[colon + 1..] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_junk() {
        let lines: Vec<_> = info_lines(b"# Server\r\nos:Linux: x\r\n\r\njunk\r\nempty:\n:\r\n#\r\nlast:1").collect();
        let field = |name, value| InfoLine::Field { name, value };
        assert_eq!(
            lines,
            [
                InfoLine::Section(b"Server"),
                field(b"os", b"Linux: x"),
                field(b"empty", b""),
                field(b"", b""),
                InfoLine::Section(b""),
                field(b"last", b"1"),
            ]
        );
    }

    #[test]
    fn an_endless_text_is_cut() {
        let text = b"a:1\n".repeat(LINES_MAX + 10);
        assert_eq!(info_lines(&text).count(), LINES_MAX);
    }
}

//! `# CPU`.

use super::Text;

/// Ticks per second in `/proc`: fixed at 100 for programs on all architectures that Linux runs on here.
const TICKS_PER_SECOND: u64 = 100;

/// CPU time in ticks, as `/proc/<pid>/stat` counts it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(in crate::front) struct Cpu {
    user: u64,
    system: u64,
    children_user: u64,
    children_system: u64,
}

impl Cpu {
    /// Of this process, and of the thread that asks, which is the only one that decides anything.
    pub(in crate::front) fn now() -> (Self, Self) {
        let read = |path: &str| std::fs::read_to_string(path).ok().and_then(|text| Self::parse(&text));
        (read("/proc/self/stat").unwrap_or_default(), read("/proc/thread-self/stat").unwrap_or_default())
    }

    /// Fields 14 to 17, counted from 1; the second field is a name in parentheses that may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split_ascii_whitespace().skip(11).map_while(|field| field.parse().ok());
        Some(Self {
            user: fields.next()?,
            system: fields.next()?,
            children_user: fields.next()?,
            children_system: fields.next()?,
        })
    }

    pub(in crate::front) fn write(process: Self, main_thread: Self, text: &mut Text) {
        text.section("CPU");
        text.line("used_cpu_sys", seconds(process.system));
        text.line("used_cpu_user", seconds(process.user));
        text.line("used_cpu_sys_children", seconds(process.children_system));
        text.line("used_cpu_user_children", seconds(process.children_user));
        text.line("used_cpu_sys_main_thread", seconds(main_thread.system));
        text.line("used_cpu_user_main_thread", seconds(main_thread.user));
    }
}

fn seconds(ticks: u64) -> String {
    format!("{}.{:02}0000", ticks / TICKS_PER_SECOND, ticks % TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b) (c) S 1 42 42 0 -1 4194304 100 0 0 0 1234 56 7 8 20 0 3 0 100 0 0";
        let cpu = Cpu::parse(stat).expect("valid");
        assert_eq!(cpu, Cpu { user: 1234, system: 56, children_user: 7, children_system: 8 });
        assert_eq!(seconds(1234), "12.340000");
        assert_eq!(seconds(5), "0.050000");
    }
}

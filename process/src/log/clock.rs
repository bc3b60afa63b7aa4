//! Wall-clock time as it is written into logs.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Timestamp;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Displays `dd Mon yyyy hh:mm:ss.mmm` in the local time zone.
#[derive(Clone, Copy, Debug)]
pub struct LocalTime(pub SystemTime);

/// Displays a time as configured.
pub(super) struct Shown(pub(super) SystemTime, pub(super) Timestamp);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Timestamp::Legacy => LocalTime(self.0).fmt(f),
            Timestamp::Iso8601 => Rfc3339(self.0).fmt(f),
            Timestamp::Milliseconds => self.0.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().fmt(f),
        }
    }
}

/// Displays RFC 3339 with milliseconds, in UTC.
struct Rfc3339(SystemTime);

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = since_epoch(self.0);
        let t = civil(seconds + offset_at(seconds));
        let month = MONTHS.get(usize::from(t.month) - 1).unwrap_or(&"???");
        write!(f, "{:02} {month} {} {:02}:{:02}:{:02}.{millis:03}", t.day, t.year, t.hour, t.minute, t.second)
    }
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = since_epoch(self.0);
        let t = civil(seconds);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{millis:03}Z",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        )
    }
}

struct Civil {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

fn since_epoch(at: SystemTime) -> (i64, u32) {
    let age = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    (i64::try_from(age.as_secs()).unwrap_or(0), age.subsec_millis())
}

/// Seconds since the epoch as a date of the proleptic Gregorian calendar. Years are counted from March, so that the leap
/// day is the last of its year; an era is 400 years.
fn civil(seconds: i64) -> Civil {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let small = |n: i64| u8::try_from(n).unwrap_or(0);
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month: small(month),
        day: small(day_of_year - (153 * march_month + 2) / 5 + 1),
        hour: small(rest / 3_600),
        minute: small(rest / 60 % 60),
        second: small(rest % 60),
    }
}

/// Seconds east of UTC in the local time zone at that time.
fn offset_at(seconds: i64) -> i64 {
    let mut parts = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call; `localtime_r` writes only to `parts` and, unlike `localtime`, uses no
    // shared result. An all-zero `tm` is a valid value (integers and a null pointer), so reading it is fine even if the
    // call fails. This program never changes its environment, which is the only thing that must not happen beside it.
    #[allow(unsafe_code, reason = "std offers no local time zone")]
    unsafe {
        libc::localtime_r(&raw const seconds, parts.as_mut_ptr());
        parts.assume_init().tm_gmtoff
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, want) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (951_868_799, "2000-02-29T23:59:59.007Z"),
            (1_709_251_199, "2024-02-29T23:59:59.007Z"),
            (1_735_689_599, "2024-12-31T23:59:59.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            let at = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(7);
            assert_eq!(Rfc3339(at).to_string(), want);
        }
    }

    #[test]
    fn local_time_has_the_layout_of_redis() {
        let text = LocalTime(UNIX_EPOCH + Duration::from_millis(1_000_000_123_456)).to_string();
        assert_eq!(text.len(), "dd Mon yyyy hh:mm:ss.mmm".len(), "{text}");
        assert!(text.contains("Sep 2001"), "{text}");
        assert!(text.ends_with(".456"), "{text}");
    }
}

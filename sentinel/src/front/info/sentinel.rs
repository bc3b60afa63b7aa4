//! `# Sentinel`.

use std::time::Duration;

use bongsu_sentinel_core::SimulatedFailures;

use super::Text;

/// State of the supervision as a whole.
pub(in crate::front) struct SentinelFacts {
    /// For how long the sentinel has been in TILT, if it is.
    pub(in crate::front) tilt_for: Option<Duration>,
    pub(in crate::front) total_tilt: u64,
    pub(in crate::front) running_scripts: usize,
    pub(in crate::front) queued_scripts: usize,
    pub(in crate::front) simulated_failures: SimulatedFailures,
    pub(in crate::front) masters: Vec<MasterLine>,
}

/// A master in one line.
pub(in crate::front) struct MasterLine {
    pub(in crate::front) name: String,
    pub(in crate::front) sdown: bool,
    pub(in crate::front) odown: bool,
    pub(in crate::front) host: String,
    pub(in crate::front) port: u16,
    pub(in crate::front) replicas: usize,
    pub(in crate::front) other_sentinels: usize,
}

impl SentinelFacts {
    pub(in crate::front) fn write(&self, text: &mut Text) {
        text.section("Sentinel");
        text.line("sentinel_masters", self.masters.len());
        text.line("sentinel_tilt", u8::from(self.tilt_for.is_some()));
        match self.tilt_for {
            Some(age) => text.line("sentinel_tilt_since_seconds", age.as_secs()),
            None => text.line("sentinel_tilt_since_seconds", -1),
        }
        text.line("sentinel_total_tilt", self.total_tilt);
        text.line("sentinel_running_scripts", self.running_scripts);
        text.line("sentinel_scripts_queue_length", self.queued_scripts);
        let failures = self.simulated_failures;
        let flags = u8::from(failures.after_election) | u8::from(failures.after_promotion) << 1;
        text.line("sentinel_simulate_failure_flags", flags);
        for (index, master) in self.masters.iter().enumerate() {
            text.line(&format!("master{index}"), master.describe());
        }
    }
}

impl MasterLine {
    fn describe(&self) -> String {
        let status = match (self.sdown, self.odown) {
            (_, true) => "odown",
            (true, false) => "sdown",
            (false, false) => "ok",
        };
        let Self { name, host, port, replicas, other_sentinels, .. } = self;
        let sentinels = other_sentinels + 1;
        format!("name={name},status={status},address={host}:{port},slaves={replicas},sentinels={sentinels}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_per_master() {
        let master = MasterLine {
            name: "mymaster".to_owned(),
            sdown: true,
            odown: false,
            host: "::1".to_owned(),
            port: 6379,
            replicas: 2,
            other_sentinels: 4,
        };
        let facts = SentinelFacts {
            tilt_for: None,
            total_tilt: 3,
            running_scripts: 0,
            queued_scripts: 1,
            simulated_failures: SimulatedFailures { after_election: false, after_promotion: true },
            masters: vec![master],
        };
        let mut text = Text::default();
        facts.write(&mut text);
        let expected = "# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\n\
                        sentinel_total_tilt:3\r\nsentinel_running_scripts:0\r\nsentinel_scripts_queue_length:1\r\n\
                        sentinel_simulate_failure_flags:2\r\n\
                        master0:name=mymaster,status=sdown,address=::1:6379,slaves=2,sentinels=5\r\n";
        assert_eq!(text.into_string(), expected);
    }
}

//! Settings that are one of a few words.

use super::field::choices;

choices! {
    /// `loglevel`: the least important message that is logged.
    LogLevel {
        /// Everything.
        Debug = "debug",
        /// Many rarely useful messages.
        Verbose = "verbose",
        /// What an operator wants to know.
        #[default]
        Notice = "notice",
        /// Only what is important or critical.
        Warning = "warning",
        /// Nothing.
        Nothing = "nothing",
    }
}

choices! {
    /// `log-format`.
    LogFormat {
        /// Redis' line format.
        #[default]
        Legacy = "legacy",
        /// Key-value pairs.
        Logfmt = "logfmt",
        /// One JSON object per line.
        Json = "json",
    }
}

choices! {
    /// `log-timestamp-format`.
    LogTimestampFormat {
        /// `20 Nov 2026 22:36:25.379`.
        #[default]
        Legacy = "legacy",
        /// ISO 8601 with the zone.
        Iso8601 = "iso8601",
        /// Milliseconds since 1970.
        Milliseconds = "milliseconds",
    }
}

choices! {
    /// `supervised`: who is told that the process is ready.
    Supervised {
        /// Nobody.
        #[default]
        No = "no",
        /// systemd, through `NOTIFY_SOCKET`.
        Systemd = "systemd",
        /// upstart.
        Upstart = "upstart",
        /// Whichever of them the environment shows.
        Auto = "auto",
    }
}

choices! {
    /// `tls-auth-clients`: whether clients must present a certificate.
    TlsAuthClients {
        /// They need not.
        No = "no",
        /// They must.
        #[default]
        Yes = "yes",
        /// If they do, it is verified.
        Optional = "optional",
    }
}

choices! {
    /// Who may use a guarded command: `enable-debug-command` and its kin.
    Guard {
        /// Nobody.
        #[default]
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Connections from this host.
        Local = "local",
    }
}

choices! {
    /// `acl-pubsub-default`: the channels of a new user.
    AclPubsubDefault {
        /// All.
        AllChannels = "allchannels",
        /// None.
        #[default]
        ResetChannels = "resetchannels",
    }
}

impl From<LogLevel> for bongsu_process::log::LogLevel {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Verbose => Self::Verbose,
            LogLevel::Notice => Self::Notice,
            LogLevel::Warning => Self::Warning,
            LogLevel::Nothing => Self::Nothing,
        }
    }
}

impl From<Supervised> for bongsu_process::supervisor::Supervised {
    fn from(supervised: Supervised) -> Self {
        match supervised {
            Supervised::No => Self::No,
            Supervised::Systemd => Self::Systemd,
            Supervised::Upstart => Self::Upstart,
            Supervised::Auto => Self::Auto,
        }
    }
}

impl From<TlsAuthClients> for bongsu_process::tls::ClientCertificates {
    fn from(clients: TlsAuthClients) -> Self {
        match clients {
            TlsAuthClients::No => Self::Ignored,
            TlsAuthClients::Yes => Self::Required,
            TlsAuthClients::Optional => Self::Optional,
        }
    }
}

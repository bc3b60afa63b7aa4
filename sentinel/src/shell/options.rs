//! What the shell reads from the settings, in one place.

use super::standin::Settings;

/// The group's `notification-script`.
pub(super) fn notification_script(_settings: &Settings, _group: &str) -> Option<String> {
    None
}

/// The group's `client-reconfig-script`.
pub(super) fn reconfig_script(_settings: &Settings, _group: &str) -> Option<String> {
    None
}

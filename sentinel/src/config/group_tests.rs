use super::*;
use bongsu_sentinel_core::Tunables;

#[track_caller]
fn parse(name: &str, values: &[&str]) -> Result<GroupSetting, GroupOptionError> {
    let values: Vec<Vec<u8>> = values.iter().map(|value| value.as_bytes().to_vec()).collect();
    group_option(name).expect("known option").parse(&values)
}

#[track_caller]
fn refused(name: &str, value: &str, reason: &str) {
    let expected = GroupOptionError::Invalid { value: value.as_bytes().to_vec(), reason: reason.to_owned() };
    assert_eq!(parse(name, &[value]), Err(expected), "{name} {value}");
}

#[test]
fn bounds() {
    for value in ["0", "-20", "abc", ""] {
        refused("down-after-milliseconds", value, "negative or zero time parameter.");
        refused("failover-timeout", value, "negative or zero time parameter.");
        refused("quorum", value, "Quorum must be 1 or greater.");
    }
    for name in ["master-reboot-down-after-period", "process-death-after-milliseconds"] {
        refused(name, "-1", "negative time parameter.");
        assert!(parse(name, &["0"]).is_ok(), "{name}");
    }
    for name in ["parallel-syncs", "max-lag-on-failover", "priority-lag-window"] {
        refused(name, "-1", "argument must be 0 or greater");
        assert!(parse(name, &["0"]).is_ok(), "{name}");
    }
    assert_eq!(parse("rename-command", &["a"]), Err(GroupOptionError::Unknown));
    assert_eq!(parse("quorum", &["1", "2"]), Err(GroupOptionError::Unknown));
}

#[test]
fn both_spellings_of_the_reboot_period() {
    let expected = Ok(GroupSetting::Core(GroupChange::RebootDownAfter(Duration::from_millis(5))));
    assert_eq!(parse("Primary-Reboot-Down-After-Period", &["5"]), expected);
    assert_eq!(parse("master-reboot-down-after-period", &["5"]), expected);
}

#[test]
fn zero_switches_off() {
    let off = GroupSetting::Core(GroupChange::ProcessDeathAfter(None));
    assert_eq!(parse("process-death-after-milliseconds", &["0"]), Ok(off));
    assert_eq!(parse("max-lag-on-failover", &["0"]), Ok(GroupSetting::Core(GroupChange::MaxLagOnFailover(None))));
    let limit = GroupSetting::Core(GroupChange::MaxLagOnFailover(Some(2 << 20)));
    assert_eq!(parse("max-lag-on-failover", &["2mb"]), Ok(limit));
    assert_eq!(parse("auth-pass", &[""]), Ok(GroupSetting::AuthPass(None)));
}

#[test]
fn a_switch_is_yes_or_no() {
    let off = GroupSetting::Core(GroupChange::AmnesiaFailover(false));
    assert_eq!(parse("amnesia-failover", &["no"]), Ok(off));
    refused("amnesia-failover", "maybe", "argument must be 'yes' or 'no'");
}

#[test]
fn a_key_to_write_is_short_and_plain() {
    let key = |text: &str| Ok(GroupSetting::Core(GroupChange::WriteCheckKey(WriteKey::parse(text))));
    assert_eq!(parse("write-check-key", &["bongsu:alive"]), key("bongsu:alive"));
    assert_eq!(parse("write-check-key", &[""]), Ok(GroupSetting::Core(GroupChange::WriteCheckKey(None))));
    refused("write-check-key", "a\nb", "value out of range");
    refused("write-check-key", &"k".repeat(256), "value out of range");
}

#[test]
fn defaults_are_the_cores() {
    let quorum = Quorum::new(2).expect("not zero");
    let defaults = GroupOptions::new(quorum, &Tunables::default());
    for option in GROUP_OPTIONS.iter().filter(|option| !option.default.is_empty()) {
        let lines = option.lines(&defaults, &MasterSettings::default());
        assert_eq!(lines, [option.default], "{}", option.name);
        let mut options = defaults.clone();
        let setting = option.parse(&[option.default.as_bytes().to_vec()]).expect("default is valid");
        let GroupSetting::Core(change) = setting else { panic!("{} has a default", option.name) };
        apply_core(change, &mut options);
        assert_eq!(options, defaults, "{}", option.name);
    }
}

//! The checker is checked: every broken behaviour is found within a bounded number of seeds, by an invariant that it breaks.

use bongsu_sentinel_sim::{Mutant, hunt};

/// Where the search begins; the unbroken machine holds everything in this range.
const FIRST_SEED: u64 = 200;

/// Seeds that a mutant may survive.
const SEEDS: u64 = 60;

/// Invariants that may be the first to notice.
const fn noticed_by(mutant: Mutant) -> &'static [&'static str] {
    match mutant {
        Mutant::SkipSave => &["persist-before-send"],
        Mutant::ForgetOnRestart => &["epochs-never-go-back", "one-vote-per-epoch"],
        Mutant::VoteTwice => &["one-vote-per-epoch", "persist-before-send", "epochs-never-go-back"],
        Mutant::ForgetMajority => &["quorum-and-majority", "one-leader-per-epoch"],
        Mutant::ForgetQuorum => &["quorum-and-majority"],
        // Nobody votes for it any more, so that nothing is ever put right.
        Mutant::ReuseEpoch => &["convergence", "one-leader-per-epoch"],
        Mutant::EpochGoesBack => &["epochs-never-go-back"],
        // The epochs that it makes up are on no disk that a sentinel with a failing one could speak of.
        Mutant::IgnoreConfigEpoch => &["config-epoch-names-one-master", "convergence", "persist-before-send"],
        Mutant::PromoteNeverSynced => &["promoted-passed-every-filter"],
        // A replica that claims more than it has makes its master look as if that had lost something.
        Mutant::PromoteEmptier => &["fuller-is-not-replaced", "amnesia-needs-loss"],
        Mutant::PromoteUnselected => &["promoted-passed-every-filter", "well-formed"],
        Mutant::SkipPause => &["handover-loses-nothing"],
        Mutant::StaleTime => &["down-needs-silence"],
        Mutant::NeverRepoint => &["convergence"],
        Mutant::MalformedHello => &["well-formed"],
        Mutant::TrustAmnesiac => &["convergence"],
        Mutant::CryAmnesia => &["amnesia-needs-loss"],
        // Whom it holds to be empty it passes over, too.
        Mutant::HastyAmnesiac => &["amnesiac-is-the-last-choice", "fuller-is-not-replaced"],
        Mutant::IgnoreVeto => &["hooks-are-asked-once-and-heard"],
        Mutant::PublishBlindly | Mutant::PublishUnread => &["stores-never-go-back"],
        Mutant::PublishOnce | Mutant::PublishAsLeaderOnly => &["stores-hold-the-newest"],
        Mutant::ForgetLease | Mutant::LeaseOfOne | Mutant::LeaseFromAnswer => &["one-holder"],
    }
}

#[test]
fn mutants_are_found() {
    for mutant in Mutant::ALL {
        let found = hunt(mutant, FIRST_SEED, SEEDS);
        let Some((seed, failure)) = found else { panic!("{} lives through {SEEDS} seeds", mutant.name()) };
        let expected = noticed_by(mutant).contains(&failure.invariant.as_str());
        assert!(expected, "{} breaks {} in seed {seed}: {}", mutant.name(), failure.invariant, failure.what);
    }
}

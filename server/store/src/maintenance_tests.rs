use crate::call::testing::Bench;
use crate::eviction::Policy;
use crate::maintenance::Sweep;

fn sweep(bench: &mut Bench) {
    let mut at = Sweep::default();
    while bench.shard.expire_some(&mut at, &mut bench.effects) {}
}

#[test]
fn keys_whose_time_is_over_go_without_being_asked_for() {
    let mut bench = Bench::new();
    for n in 0..5000 {
        bench.run(&format!("SET stays:{n} x"));
        bench.run(&format!("SET goes:{n} x PX {}", 1000 + n * 10));
        bench.run(&format!("SET kept:{n} x PX 100"));
        bench.run(&format!("PERSIST kept:{n}"));
    }
    sweep(&mut bench);
    assert_eq!(bench.shard.db(0).len(), 15_000);
    bench.shard.now_ms += 26_000;
    sweep(&mut bench);
    assert_eq!((bench.shard.db(0).len(), bench.shard.db(0).expiring()), (12_499, 2499));
    bench.shard.now_ms += 60_000;
    sweep(&mut bench);
    assert_eq!((bench.shard.db(0).len(), bench.shard.db(0).expiring()), (10_000, 0));
    assert_eq!(bench.shard.stats.expired_by_sweep, 5000);
}

#[test]
fn a_replica_removes_nothing_by_itself() {
    let mut bench = Bench::new();
    bench.run("SET a x PX 10");
    bench.shard.may_expire = false;
    bench.shard.now_ms += 2000;
    sweep(&mut bench);
    assert_eq!(bench.shard.db(0).len(), 1);
}

fn filled(policy: Policy) -> Bench {
    let mut bench = Bench::new();
    bench.shard.settings.policy = policy;
    for n in 0..1000 {
        bench.shard.now_ms += 5000;
        let expiry = if n % 2 == 0 { format!(" EX {}", 1_000_000 + n) } else { String::new() };
        bench.run(&format!("SET key:{n} x{expiry}"));
    }
    bench
}

/// How many of the even keys, and of the first half, are left after 250 have gone.
fn left(bench: &mut Bench) -> (usize, usize) {
    for _ in 0..250 {
        assert!(bench.shard.evict(&mut bench.effects));
    }
    let is_there = |n: &usize| bench.shard.find(0, format!("key:{n}").as_bytes()).is_some();
    ((0..1000).filter(|n| n % 2 == 0).filter(is_there).count(), (0..500).filter(is_there).count())
}

#[test]
fn the_policy_says_who_has_to_go() {
    let (_, first_half) = left(&mut filled(Policy::AllKeysLru));
    assert!(first_half < 290, "{first_half}");
    let (even, first_half) = left(&mut filled(Policy::VolatileLru));
    assert_eq!(even, 250);
    assert!(first_half < 300, "{first_half}");
    let (even, first_half) = left(&mut filled(Policy::VolatileTtl));
    assert_eq!(even, 250);
    assert!(first_half < 300, "{first_half}");
    assert_eq!(left(&mut filled(Policy::VolatileRandom)).0, 250);
    let (even, _) = left(&mut filled(Policy::AllKeysRandom));
    assert!((300..450).contains(&even), "{even}");
}

#[test]
fn what_is_used_often_stays() {
    let mut bench = filled(Policy::AllKeysLfu);
    for _ in 0..50 {
        for n in 0..100 {
            bench.run(&format!("GET key:{n}"));
        }
    }
    for _ in 0..800 {
        assert!(bench.shard.evict(&mut bench.effects));
    }
    let left = (0..100).filter(|n| bench.shard.find(0, format!("key:{n}").as_bytes()).is_some()).count();
    assert!(left > 95, "{left}");
}

#[test]
fn without_keys_that_may_go_nobody_goes() {
    let mut bench = Bench::new();
    bench.shard.settings.policy = Policy::VolatileLfu;
    bench.run("SET a x");
    assert!(!bench.shard.evict(&mut bench.effects));
    bench.run("EXPIRE a 100");
    assert!(bench.shard.evict(&mut bench.effects));
    assert!(!bench.shard.evict(&mut bench.effects));
}

#[test]
fn no_key_goes_where_none_is_to_go() {
    let mut bench = filled(Policy::AllKeysLru);
    bench.shard.settings.policy = Policy::NoEviction;
    assert!(!bench.shard.evict(&mut bench.effects));
    assert!(bench.effects.expired.is_empty());
}

#[test]
fn the_only_key_that_may_go_is_found() {
    let mut bench = Bench::new();
    bench.shard.settings.policy = Policy::VolatileRandom;
    for n in 0..20_000 {
        bench.run(&format!("SET key:{n} x PX 100000"));
        bench.run(&format!("PERSIST key:{n}"));
    }
    bench.run("PEXPIRE key:7 100000");
    assert!(bench.shard.evict(&mut bench.effects));
    assert_eq!(bench.run("EXISTS key:7"), ":0");
}

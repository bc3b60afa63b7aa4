//! Looking into values.

use crate::call::{Call, Done, Fault, Outcome};
use crate::hyperloglog::{Encoding, Registers, Run, runs, self_test};
use crate::keyspace::Found;

use super::{copy, sketch, store};

pub(super) fn pfdebug(call: &mut Call<'_>) -> Outcome {
    let found = call.find(call.arg(2)).ok_or(Fault::text("ERR The specified key does not exist"))?;
    sketch(call, found)?;
    match call.arg(1).to_ascii_lowercase().as_slice() {
        b"getreg" => registers(call, found),
        b"decode" => decode(call, found),
        b"encoding" => {
            let name = match sketch(call, found)?.encoding() {
                Encoding::Dense => "dense",
                Encoding::Sparse => "sparse",
            };
            call.answer(|reply| reply.simple(name))
        }
        b"todense" => {
            let converted = make_dense(call, found)?;
            call.number(i64::from(converted))
        }
        _ => {
            let name = String::from_utf8_lossy(call.arg(1)).into_owned();
            Err(Fault::made(format!("ERR Unknown PFDEBUG subcommand '{name}'")))
        }
    }
}

/// Makes the value dense. False if it is.
fn make_dense(call: &mut Call<'_>, found: Found) -> Result<bool, Fault> {
    let mut sketch = copy(call, found)?;
    if sketch.encoding() == Encoding::Dense {
        return Ok(false);
    }
    sketch.make_dense()?;
    store(call, Some(found), call.arg(2), &sketch);
    Ok(true)
}

fn registers(call: &mut Call<'_>, found: Found) -> Outcome {
    let mut registers = Registers::default();
    registers.merge(&sketch(call, found)?)?;
    make_dense(call, found)?;
    call.reply.array(registers.ranks().len());
    registers.ranks().iter().for_each(|rank| call.reply.integer(i64::from(*rank)));
    Ok(Done::Replied)
}

fn decode(call: &mut Call<'_>, found: Found) -> Outcome {
    let sketch = sketch(call, found)?;
    if sketch.encoding() != Encoding::Sparse {
        return Err(Fault::text("ERR HLL encoding is not sparse"));
    }
    let spell = |run: Run| match run {
        Run { rank: 0, len, is_long: false } => format!("z:{len}"),
        Run { rank: 0, len, is_long: true } => format!("Z:{len}"),
        Run { rank, len, .. } => format!("v:{rank},{len}"),
    };
    let text = runs(sketch.bytes()).map(spell).collect::<Vec<_>>().join(" ");
    call.answer(|reply| reply.bulk(text))
}

pub(super) fn pfselftest(call: &mut Call<'_>) -> Outcome {
    let sparse_max_bytes = call.shard.settings.hll_sparse_max_bytes;
    let random = &mut call.shard.random;
    self_test(|| random.next_u64(), sparse_max_bytes)
        .map_err(|problem| Fault::made(format!("ERR TESTFAILED {problem}")))?;
    call.ok()
}

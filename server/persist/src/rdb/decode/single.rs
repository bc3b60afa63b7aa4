//! One value by itself.

use super::source::Source;
use super::{Error, Fault, Keys};

/// The parts of the key that `keys` was told of, from its type and value. Nothing if the value is a collection without elements.
pub(crate) fn read_value(bytes: &[u8], mut keys: Keys) -> Result<Vec<u8>, Error> {
    let mut source = Source::with_buffer(bytes, bytes.len());
    source.forget_sum();
    let result = read(&mut source, &mut keys, bytes.len() as u64);
    match result {
        Ok(()) => Ok(keys.take_batch()),
        Err(fault) => Err(Error::new(source.offset(), keys.current(), keys.current_kind(), fault)),
    }
}

fn read(source: &mut Source<&[u8]>, keys: &mut Keys, len: u64) -> Result<(), Fault> {
    let code = source.byte()?;
    keys.value_alone(code, source)?;
    while keys.is_within() {
        keys.element(source)?;
    }
    if source.offset() == len { Ok(()) } else { Err(Fault::Trailing) }
}

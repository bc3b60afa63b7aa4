//! Unpredictable bytes.

/// Fills a buffer from the kernel's generator.
///
/// # Panics
/// If the kernel has none, which no supported one does.
pub(crate) fn fill(bytes: &mut [u8]) {
    use rustix::rand::{GetRandomFlags, getrandom};
    let mut filled = 0;
    while filled < bytes.len() {
        match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
            Ok(n) => filled += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("the kernel gives no random bytes: {error}"),
        }
    }
}

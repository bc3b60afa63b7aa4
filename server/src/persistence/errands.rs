//! A thread that links and removes files, one thing after the other: the loop never waits for a disk.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

type Errand = Box<dyn FnOnce() + Send>;

/// The thread, which is started when it is needed first.
#[derive(Default)]
pub(crate) struct Errands {
    errands: Option<Sender<Errand>>,
}

/// What came before is done when this says something, or is gone.
pub(crate) type Done<T> = Receiver<T>;

impl Errands {
    /// Does this behind everything that was asked for before.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn run<T: Send + 'static>(
        &mut self,
        errand: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Done<T>> {
        let errands = match &self.errands {
            Some(errands) => errands,
            None => self.errands.insert(start()?),
        };
        let (tell, done) = channel();
        let errand = Box::new(move || {
            // Nobody need listen.
            let _ = tell.send(errand());
        });
        errands.send(errand).map_err(|_| io::Error::other("the thread for files is gone"))?;
        Ok(done)
    }

    /// Waits for everything that was asked for so far. To be called by another thread than the loop's, which calls this.
    pub(crate) fn all_done(&mut self) -> impl FnOnce() + Send + use<> {
        let done = if self.errands.is_some() { self.run(|| ()).ok() } else { None };
        move || {
            if let Some(done) = done {
                // A thread that is gone does nothing any more.
                let _ = done.recv();
            }
        }
    }
}

fn start() -> io::Result<Sender<Errand>> {
    // Errands are few and small: some for each time that all data become others.
    let (errands, asked) = channel::<Errand>();
    std::thread::Builder::new()
        .name("bongsu-files".to_owned())
        .spawn(move || asked.into_iter().for_each(|errand| errand()))?;
    Ok(errands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_done_after_the_other() {
        let mut errands = Errands::default();
        errands.all_done()();
        let (allow, allowed) = channel::<()>();
        let first = errands.run(move || allowed.recv().is_ok()).unwrap();
        let second = errands.run(|| 2).unwrap();
        let wait = errands.all_done();
        assert!(first.try_recv().is_err() && second.try_recv().is_err());
        allow.send(()).unwrap();
        wait();
        assert_eq!((first.try_recv(), second.try_recv()), (Ok(true), Ok(2)));
    }
}

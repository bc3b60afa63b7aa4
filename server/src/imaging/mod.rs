//! Images of all data on their way to a file.
//!
//! The loop writes an image in small steps between requests, and hands what it has written to a thread, which makes something of it
//! and brings it wherever it is to go. The loop never waits for that thread: if it is slow, the image goes on later.

mod worker;

use std::io;

use bongsu_store::image::ImageOf;

use worker::Worker;
pub(crate) use worker::{Outcome, Progress, Sink};

use crate::config::Directive;
use crate::engine::Engine;

/// What is handed over in one piece, about.
const PIECE_BYTES: usize = 128 * 1024;

/// What the thread may have before it before the loop waits with more.
const AHEAD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How much longer than the requests of a turn the image may take in it: one in so many parts of the time goes to it.
const SHARE: u64 = 8;

/// The time that an image gets in a turn, in microseconds: so much if nobody wants anything, and so much always. A request that comes
/// meanwhile waits no longer.
const STEP_US_MAX: u64 = 500;
const STEP_US_MIN: u64 = 50;

/// What an image is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// A snapshot in a file.
    Snapshot,
    /// The base of an append-only file.
    Rewrite,
}

/// The image that is under way. There is one at a time.
pub(crate) struct Imaging {
    pub(crate) purpose: Purpose,
    worker: Worker,
    /// Keys at the beginning.
    pub(crate) keys: u64,
    /// When it was begun, in microseconds since the start.
    pub(crate) begun_us: u64,
    /// Everything has been handed over.
    is_written: bool,
}

impl Imaging {
    /// How far it is, in keys that the thread has dealt with.
    pub(crate) fn keys_done(&self) -> u64 {
        self.worker.keys().min(self.keys)
    }

    /// Bytes that were written and that the thread has not taken yet.
    pub(crate) fn ahead_bytes(&self) -> usize {
        self.worker.ahead_bytes()
    }
}

impl Engine {
    /// Begins an image of what is there now. `sink` makes what takes it in, given the sizes of the databases: on a thread, so that it
    /// may wait for the disk.
    ///
    /// # Errors
    /// If there is one under way, or if the system gives no thread.
    pub(crate) fn begin_image(
        &mut self,
        purpose: Purpose,
        sink: impl FnOnce(&[ImageOf]) -> io::Result<Box<dyn Sink>> + Send + 'static,
    ) -> io::Result<()> {
        if self.dataset.vacancy.is_some() {
            return Err(io::Error::other("the data of the master are still being loaded"));
        }
        let sizes = self.shard.begin_image().map_err(io::Error::other)?;
        let keys = sizes.iter().map(|size| size.keys).sum();
        let previous_linked = self.previous_linked();
        let make = move || {
            previous_linked();
            sink(&sizes)
        };
        let delay_us = self.config.integer(Directive::RdbKeySaveDelay);
        match Worker::start(make, delay_us, self.waker.clone()) {
            Ok(worker) => {
                let begun_us = self.clock.now_us;
                self.imaging = Some(Imaging { purpose, worker, keys, begun_us, is_written: false });
                Ok(())
            }
            Err(error) => {
                self.shard.abandon_image();
                Err(error)
            }
        }
    }

    /// `rdb-key-save-delay` has changed.
    pub(crate) fn delay_image(&self) {
        if let Some(imaging) = &self.imaging {
            imaging.worker.set_delay(self.config.integer(Directive::RdbKeySaveDelay));
        }
    }

    /// Goes on with the image, if there is one. To be called after every turn.
    pub(crate) fn continue_image(&mut self, turn_usec: u64) {
        let step_us = (turn_usec / SHARE).clamp(STEP_US_MIN, STEP_US_MAX);
        let step_us = if turn_usec < STEP_US_MIN { STEP_US_MAX } else { step_us };
        let until_us = self.clock.advanced() + step_us;
        while self.write_image() && self.clock.advanced() < until_us {}
        self.end_image();
    }

    /// Goes on until the image is where it belongs, while nobody is served.
    pub(crate) fn complete_image(&mut self) {
        while self.imaging.is_some() {
            if !self.write_image()
                && let Some(imaging) = &self.imaging
            {
                imaging.worker.wait();
            }
            self.end_image();
        }
    }

    /// The image is not wanted any more, and nothing is left of it.
    pub(crate) fn abandon_image(&mut self, purpose: Purpose) {
        if self.imaging.as_ref().is_some_and(|imaging| imaging.purpose == purpose) {
            self.imaging = None;
            self.shard.abandon_image();
            if purpose == Purpose::Rewrite {
                self.rewrite_image_gone();
            }
        }
    }

    /// No other image can be begun, of whatever purpose.
    pub(crate) fn has_image(&self) -> bool {
        self.imaging.is_some() || self.shard.has_image()
    }

    /// The loop is to go on with an image at once.
    pub(crate) fn is_imaging(&self) -> bool {
        self.imaging.as_ref().is_some_and(|imaging| !imaging.is_written && imaging.ahead_bytes() < AHEAD_BYTES_MAX)
    }

    /// Writes the next part of the image. False if there is nothing to be done now.
    fn write_image(&mut self) -> bool {
        let Some(imaging) = &mut self.imaging else { return false };
        if imaging.is_written || imaging.ahead_bytes() >= AHEAD_BYTES_MAX {
            return false;
        }
        imaging.is_written = !self.shard.continue_image(PIECE_BYTES / 8);
        if imaging.is_written || self.shard.image_bytes() >= PIECE_BYTES {
            imaging.worker.take(self.shard.take_image());
        }
        if imaging.is_written {
            imaging.worker.end();
        }
        !imaging.is_written
    }

    fn end_image(&mut self) {
        let Some(imaging) = &mut self.imaging else { return };
        let Some(result) = imaging.worker.result() else { return };
        let Some(imaging) = self.imaging.take() else { return };
        if !imaging.is_written {
            self.shard.abandon_image();
        }
        match imaging.purpose {
            Purpose::Snapshot => self.snapshot_ended(&imaging, result),
            Purpose::Rewrite => self.rewrite_ended(&imaging, result),
        }
    }
}

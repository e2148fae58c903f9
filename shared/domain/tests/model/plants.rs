//! Bugs that can be planted, to see that the checker finds them.

/// A way to build it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// A write under a lease does not name the epoch of its claim.
    LeaseWithoutEpoch,
    /// A write under a lease does not name the version it starts from.
    LeaseWithoutVersion,
    /// The row of a finished upload has no time at which the sweeper looks: the message is the only hope.
    InsertThenHope,
    /// There is no sweeper.
    NoSweeper,
    /// A callback decides whatever the review's state is.
    CallbackDoesNotLook,
    /// The review is written after the scoring's transaction, by the same function.
    ReviewAfterScoring,
    /// An evaluation is committed whatever became of the document since it was loaded.
    ScoringDoesNotLook,
    /// A dispatch whose dispatcher died is not taken again.
    DispatchLeaseForEver,
    /// A dispatch is acknowledged before it is sent.
    AcknowledgeFirst,
    /// Found by this model: a late note of a message for the GPU moves a document back from the CPU's queue.
    NoteMovesBack,
    /// Found by this model: a claim does not ask which queue the document waits on, nor note which took it, so that a
    /// second message lets a GPU worker take what waits for its one try on the CPU.
    GpuTakesAnything,
    /// Found by this model: that an object is gone is noted while an upload may still put it there.
    ObjectNotedAtOnce,
}

/// The bugs of one model.
#[derive(Debug, Clone, Copy)]
pub struct Plants(pub &'static [Plant]);

impl Plants {
    pub fn has(self, plant: Plant) -> bool {
        self.0.contains(&plant)
    }
}

//! The role of this worker: the queues it serves, the number of its readers, the number of documents in flight.
//!
//! Pure functions of the configuration and of what was found on the machine.

use std::fmt;

use filot_domain::retry::QueueKind;

/// Documents in flight on a GPU unless configured.
const GPU_CONCURRENCY: usize = 64;
/// Most documents in flight and most readers, whatever is configured.
const CONCURRENCY_MAX: usize = 1024;

/// The queues to serve (`WORKER_QUEUES`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueChoice {
    /// The GPU's queue on a GPU, the CPU's queue elsewhere.
    Auto,
    /// These.
    Only {
        /// The GPU's queue.
        gpu: bool,
        /// The CPU's queue.
        cpu: bool,
    },
}

/// A value of `WORKER_QUEUES` that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be auto, gpu, cpu or both")]
pub struct QueueChoiceError;

impl std::str::FromStr for QueueChoice {
    type Err = QueueChoiceError;

    fn from_str(text: &str) -> Result<Self, QueueChoiceError> {
        if text.trim().eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        if text.trim().eq_ignore_ascii_case("both") {
            return Ok(Self::Only { gpu: true, cpu: true });
        }
        let (mut gpu, mut cpu) = (false, false);
        for name in text.split(',') {
            match name.trim().to_ascii_lowercase().as_str() {
                "gpu" => gpu = true,
                "cpu" => cpu = true,
                _ => return Err(QueueChoiceError),
            }
        }
        Ok(Self::Only { gpu, cpu })
    }
}

/// The machine, as far as the role depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Whether there is a GPU.
    pub has_gpu: bool,
    /// Cores this process may use.
    pub cores: usize,
}

/// Its queues, readers and capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The queues it serves, without repetition.
    pub queues: Vec<QueueKind>,
    /// Reader processes.
    pub readers: usize,
    /// Documents in flight.
    pub concurrency: usize,
}

impl Role {
    /// The role on this machine. `None` is "not configured".
    pub fn new(
        choice: QueueChoice,
        readers: Option<usize>,
        concurrency: Option<usize>,
        machine: Machine,
    ) -> Self {
        let (gpu, cpu) = match choice {
            QueueChoice::Auto => (machine.has_gpu, !machine.has_gpu),
            QueueChoice::Only { gpu, cpu } => (gpu, cpu),
        };
        let queues = [(gpu, QueueKind::Gpu), (cpu, QueueKind::Cpu)];
        let cores = machine.cores.clamp(1, CONCURRENCY_MAX);
        let in_flight = concurrency.unwrap_or(if machine.has_gpu { GPU_CONCURRENCY } else { cores });
        Self {
            queues: queues.into_iter().filter_map(|(serve, queue)| serve.then_some(queue)).collect(),
            readers: readers.unwrap_or(cores).clamp(1, CONCURRENCY_MAX),
            concurrency: in_flight.clamp(1, CONCURRENCY_MAX),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for queue in &self.queues {
            write!(f, "{queue} ")?;
        }
        write!(f, "queue, {} reader(s), {} document(s) in flight", self.readers, self.concurrency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: Machine = Machine { has_gpu: false, cores: 6 };
    const GPU: Machine = Machine { has_gpu: true, cores: 4 };

    #[test]
    fn by_itself_a_worker_serves_the_queue_of_its_device() {
        let role = Role::new(QueueChoice::Auto, None, None, CPU);
        assert_eq!(role, Role { queues: vec![QueueKind::Cpu], readers: 6, concurrency: 6 });
        let role = Role::new(QueueChoice::Auto, None, None, GPU);
        assert_eq!(role, Role { queues: vec![QueueKind::Gpu], readers: 4, concurrency: 64 });
    }

    #[test]
    fn one_worker_can_serve_both_queues() {
        let choice = "both".parse().unwrap();
        assert_eq!("gpu, cpu".parse(), Ok(choice));
        let role = Role::new(choice, Some(1), Some(3), CPU);
        assert_eq!(role, Role { queues: vec![QueueKind::Gpu, QueueKind::Cpu], readers: 1, concurrency: 3 });
    }

    #[test]
    fn a_choice_without_meaning_is_refused() {
        assert_eq!("AUTO".parse(), Ok(QueueChoice::Auto));
        for text in ["", "tpu", "gpu,", "auto,cpu"] {
            assert_eq!(text.parse::<QueueChoice>(), Err(QueueChoiceError), "{text:?}");
        }
    }

    #[test]
    fn there_is_always_one_reader_and_one_document() {
        let role = Role::new(QueueChoice::Auto, Some(0), Some(0), Machine { has_gpu: false, cores: 0 });
        assert_eq!((role.readers, role.concurrency), (1, 1));
    }
}

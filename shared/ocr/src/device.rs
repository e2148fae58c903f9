//! What this machine has to compute with: its GPUs and its processor.
//!
//! Owns their detection, which opens no context and allocates nothing on a device. It must not know what is computed.

use cudarc::driver::sys::CUdevice_attribute;
use cudarc::driver::{result, sys};
use serde::Serialize;

/// What was found, and why that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceReport {
    /// `gpu` or `cpu`: the best device here.
    pub kind: DeviceKind,
    /// Every GPU the driver knows.
    pub gpus: Vec<Gpu>,
    /// The driver's CUDA version, such as `12.8`.
    pub cuda_driver: Option<String>,
    /// The processor.
    pub cpu: Cpu,
    /// What was searched for and found, in a sentence.
    pub explanation: String,
}

/// Kinds of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// A CUDA device.
    Gpu,
    /// The processor.
    Cpu,
}

/// One CUDA device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gpu {
    /// As the driver calls it.
    pub name: String,
    /// All of its memory.
    pub memory_mib: u64,
    /// Such as `9.0`.
    pub compute_capability: String,
}

/// The processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// Cores this process may use.
    pub cores: usize,
    /// The vector extensions that matter here.
    pub simd: Vec<&'static str>,
}

/// More devices than any machine has.
const MAX_GPUS: i32 = 64;

/// Looks for a GPU, and at the processor.
pub fn detect() -> DeviceReport {
    let cpu = Cpu { cores: std::thread::available_parallelism().map_or(1, usize::from), simd: simd() };
    match gpus() {
        Ok((version, gpus)) if !gpus.is_empty() => DeviceReport {
            kind: DeviceKind::Gpu,
            explanation: format!("{} CUDA device(s), driver for CUDA {version}", gpus.len()),
            gpus,
            cuda_driver: Some(version),
            cpu,
        },
        Ok((version, _)) => DeviceReport {
            kind: DeviceKind::Cpu,
            explanation: format!("a driver for CUDA {version} is installed, but it knows no device"),
            gpus: Vec::new(),
            cuda_driver: Some(version),
            cpu,
        },
        Err(why) => {
            DeviceReport { kind: DeviceKind::Cpu, gpus: Vec::new(), cuda_driver: None, cpu, explanation: why }
        }
    }
}

impl std::fmt::Display for DeviceReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for gpu in &self.gpus {
            write!(f, "{} ({} MiB, sm {}); ", gpu.name, gpu.memory_mib, gpu.compute_capability)?;
        }
        write!(f, "{} core(s)", self.cpu.cores)?;
        if !self.cpu.simd.is_empty() {
            write!(f, " with {}", self.cpu.simd.join(", "))?;
        }
        write!(f, "; {}", self.explanation)
    }
}

/// The driver's CUDA version and its devices, or why there are none.
fn gpus() -> Result<(String, Vec<Gpu>), String> {
    // SAFETY: only tries to open the library.
    if !unsafe { sys::is_culib_present() } {
        // Anything else would make the binding panic on its first call.
        return Err("no GPU: libcuda is not installed".to_owned());
    }
    result::init().map_err(|error| format!("no GPU: the CUDA driver does not start ({error:?})"))?;
    let mut version = 0;
    // SAFETY: the library is present and initialised; `version` is a valid place for one int.
    if unsafe { sys::cuDriverGetVersion(&mut version) } != sys::CUresult::CUDA_SUCCESS {
        version = 0;
    }
    let count = result::device::get_count()
        .map_err(|error| format!("no GPU: the CUDA driver cannot count devices ({error:?})"))?;
    let gpus = (0..count.min(MAX_GPUS)).filter_map(gpu).collect();
    Ok((format!("{}.{}", version / 1000, version % 1000 / 10), gpus))
}

/// One device, if the driver answers about it.
fn gpu(ordinal: i32) -> Option<Gpu> {
    let device = result::device::get(ordinal).ok()?;
    // SAFETY: `device` was just handed out by the driver.
    let (memory, major, minor) = unsafe {
        (
            result::device::total_mem(device).ok()?,
            result::device::get_attribute(
                device,
                CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
            )
            .ok()?,
            result::device::get_attribute(
                device,
                CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            )
            .ok()?,
        )
    };
    Some(Gpu {
        name: result::device::get_name(device).ok()?,
        memory_mib: u64::try_from(memory / (1024 * 1024)).unwrap_or(u64::MAX),
        compute_capability: format!("{major}.{minor}"),
    })
}

#[cfg(target_arch = "x86_64")]
fn simd() -> Vec<&'static str> {
    let mut found = Vec::new();
    for (name, present) in [
        ("sse4.1", std::arch::is_x86_feature_detected!("sse4.1")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
    ] {
        if present {
            found.push(name);
        }
    }
    found
}

#[cfg(target_arch = "aarch64")]
fn simd() -> Vec<&'static str> {
    let mut found = Vec::new();
    for (name, present) in [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
    ] {
        if present {
            found.push(name);
        }
    }
    found
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn simd() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_it_found_and_why() {
        let report = detect();
        assert!(report.cpu.cores >= 1);
        assert!(!report.explanation.is_empty());
        assert_eq!(report.kind == DeviceKind::Gpu, !report.gpus.is_empty());
        let json = serde_json::to_value(&report).unwrap();
        assert!(json["cpu"]["cores"].is_u64() && json["explanation"].is_string());
    }
}

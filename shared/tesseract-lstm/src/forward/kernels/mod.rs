//! The inner loops, once for each kind of processor. All give the same bits: sums are whole numbers, and every
//! operation on floats is a rounded one of its own, in Tesseract's order, never fused.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod interface;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(test)]
mod tests;

pub(crate) use interface::{Kernels, Rows};

/// All kernels that this processor runs, the fastest first. The last one runs anywhere.
pub(crate) fn available() -> impl Iterator<Item = Kernels> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        found.extend(avx512::kernels());
        found.extend(avx2::kernels());
    }
    #[cfg(target_arch = "aarch64")]
    found.extend(neon::kernels());
    found.push(portable::KERNELS);
    found.into_iter()
}

//! A cursor over one component of a model. All numbers are little-endian, as Tesseract writes them on every machine
//! that Debian builds models on (ccutil/serialis.cpp).

use crate::component::Component;
use crate::error::ModelError;

/// Reads from the front of a component, never beyond its end.
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
    component: Component,
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8], component: Component) -> Self {
        Self { rest: data, component }
    }

    pub(crate) fn damaged(&self, what: &'static str) -> ModelError {
        ModelError::Damaged { component: self.component, what }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], ModelError> {
        let (head, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| self.damaged("it ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| self.damaged("it ends too early"))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ModelError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn i8(&mut self) -> Result<i8, ModelError> {
        Ok(i8::from_le_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> Result<i16, ModelError> {
        Ok(i16::from_le_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, ModelError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ModelError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, ModelError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn f64(&mut self) -> Result<f64, ModelError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A count of things of at least `size` bytes each: one that cannot fit into what is left is refused before
    /// anything is allocated for it.
    pub(crate) fn count(&mut self, size: usize) -> Result<usize, ModelError> {
        let count = self.u32()? as usize;
        if count.checked_mul(size.max(1)).is_none_or(|bytes| bytes > self.remaining()) {
            return Err(self.damaged("it announces more than it holds"));
        }
        Ok(count)
    }

    pub(crate) fn string(&mut self) -> Result<String, ModelError> {
        let length = self.count(1)?;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }
}

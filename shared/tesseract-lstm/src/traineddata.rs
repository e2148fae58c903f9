//! The container: a table of offsets, then the components one after the other (ccutil/tessdatamanager.cpp).

use crate::bytes::Bytes;
use crate::component::Component;
use crate::error::ModelError;

/// As many entries as `kMaxNumTessdataEntries` permits.
const MAX_ENTRIES: usize = 1000;

/// Where each component lies in the file.
pub(crate) struct Container<'a> {
    file: &'a [u8],
    /// Start of each component, -1 for one that is missing.
    offsets: Vec<i64>,
}

impl<'a> Container<'a> {
    pub(crate) fn parse(file: &'a [u8]) -> Result<Self, ModelError> {
        let mut bytes = Bytes::new(file, Component::Container);
        let entries = bytes.u32()? as usize;
        if entries == 0 || entries > MAX_ENTRIES {
            return Err(ModelError::Container("it does not begin with a table of components"));
        }
        let mut offsets = Vec::with_capacity(entries);
        let mut end_of_last = 4 + 8 * entries as i64;
        for _ in 0..entries {
            let offset = bytes.u64()?.cast_signed();
            if offset != -1 {
                if offset < end_of_last || offset > file.len() as i64 {
                    return Err(ModelError::Container("a component lies outside the file or out of order"));
                }
                end_of_last = offset;
            }
            offsets.push(offset);
        }
        Ok(Self { file, offsets })
    }

    /// The bytes of a component, if the file has it.
    pub(crate) fn find(&self, component: Component) -> Option<&'a [u8]> {
        let slot = component.slot()?;
        let start = usize::try_from(*self.offsets.get(slot)?).ok()?;
        let end = self.offsets[slot + 1..].iter().find_map(|next| usize::try_from(*next).ok());
        let data = self.file.get(start..end.unwrap_or(self.file.len()))?;
        (!data.is_empty()).then_some(data)
    }

    pub(crate) fn get(&self, component: Component) -> Result<Bytes<'a>, ModelError> {
        let data = self.find(component).ok_or(ModelError::Missing(component))?;
        Ok(Bytes::new(data, component))
    }
}

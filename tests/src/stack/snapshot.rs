//! All that the product has stored, as one comparable value: a hash for each table, and the names of the files.

use std::collections::BTreeMap;

use crate::stack::deploy::BUCKET;
use crate::{Result, Stack};

/// For each table, and for the bucket: the number of rows or files, and a hash of their content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<String, (i64, String)>);

impl Snapshot {
    /// Reads every table and the bucket. The counts by state follow from the documents, and the sweeper folds them at any
    /// time.
    pub async fn take(stack: &Stack) -> Result<Self> {
        let tables = stack
            .sql
            .query(
                "SELECT table_name::text FROM information_schema.tables \
                 WHERE table_schema = 'public' AND table_type = 'BASE TABLE' \
                   AND table_name NOT IN ('document_counts', 'document_count_changes')",
                &[],
            )
            .await?;
        let mut found = BTreeMap::new();
        for table in &tables {
            let name: String = table.get(0);
            let sql = format!(
                "SELECT count(*), coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') \
                 FROM public.\"{name}\" t"
            );
            let row = stack.sql.query_one(&sql, &[]).await?;
            found.insert(name, (row.get(0), row.get(1)));
        }
        let files = stack.s3().list_objects_v2().bucket(BUCKET).send().await?.contents.unwrap_or_default();
        let names: Vec<String> = files
            .iter()
            .map(|file| format!("{} {}", file.key().unwrap_or_default(), file.e_tag().unwrap_or_default()))
            .collect();
        found.insert("files".to_owned(), (i64::try_from(names.len())?, names.join("\n")));
        Ok(Self(found))
    }

    /// Names of the tables that differ, with both counts.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let places = self.0.keys().chain(other.0.keys());
        let mut differing: Vec<String> = places
            .filter(|place| self.0.get(*place) != other.0.get(*place))
            .map(|place| {
                let rows = |snapshot: &Self| snapshot.0.get(place).map_or(0, |(rows, _)| *rows);
                format!("{place} changed ({} before, {} after)", rows(self), rows(other))
            })
            .collect();
        differing.sort_unstable();
        differing.dedup();
        differing
    }
}

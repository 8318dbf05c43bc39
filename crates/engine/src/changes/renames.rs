//! Which of an operation's new files are old ones that were moved. Pure.

use std::collections::{BTreeMap, HashMap};

use mira_protocol::Failure;
use mira_workspace::{Entry, Kind};

use super::Row;

/// Larger contents are only compared by their hash.
const LARGEST_COMPARED: u64 = 512 * 1024;
/// More pairs than this are not compared line by line.
const MOST_PAIRS: usize = 2_500;
/// The share of lines that must be the same.
const ALIKE: f64 = 0.5;

/// New path → the path that it had. The same content first, then the most alike.
pub(super) fn find(
    rows: &[Row],
    content: impl Fn(Option<Entry>) -> Result<Vec<u8>, Failure>,
) -> Result<BTreeMap<String, String>, Failure> {
    let is_file = |entry: Option<Entry>| entry.is_some_and(|entry| entry.kind == Kind::File);
    let gone: Vec<&Row> = rows
        .iter()
        .filter(|row| is_file(row.change.before) && row.change.after.is_none())
        .collect();
    let new: Vec<&Row> = rows
        .iter()
        .filter(|row| row.change.before.is_none() && is_file(row.change.after))
        .collect();
    let mut found = BTreeMap::new();
    if gone.is_empty() || new.is_empty() {
        return Ok(found);
    }
    let mut free: Vec<bool> = vec![true; gone.len()];
    for row in &new {
        let same = |old: &&Row| {
            let (old, new) = (old.change.before, row.change.after);
            old.map(|old| old.hash) == new.map(|new| new.hash)
                && old.is_some_and(|old| old.size > 0)
        };
        if let Some(at) = (0..gone.len()).find(|at| free[*at] && same(&gone[*at])) {
            free[at] = false;
            found.insert(row.change.path.clone(), gone[at].change.path.clone());
        }
    }
    if gone.len() * new.len() > MOST_PAIRS {
        return Ok(found);
    }
    let text = |entry: Option<Entry>| -> Result<Option<Vec<u8>>, Failure> {
        if entry.is_none_or(|entry| entry.size > LARGEST_COMPARED || entry.size == 0) {
            return Ok(None);
        }
        let content = content(entry)?;
        Ok((!mira_workspace::files::is_binary(&content)).then_some(content))
    };
    let old: Vec<Option<Vec<u8>>> = gone
        .iter()
        .map(|row| text(row.change.before))
        .collect::<Result<_, _>>()?;
    let mut pairs = Vec::new();
    for row in new {
        if found.contains_key(&row.change.path) {
            continue;
        }
        let Some(is) = text(row.change.after)? else {
            continue;
        };
        for (at, was) in old.iter().enumerate().filter(|(at, _)| free[*at]) {
            let alike = was.as_deref().map_or(0.0, |was| likeness(was, &is));
            if alike >= ALIKE {
                pairs.push((alike, at, row.change.path.clone()));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
    for (_, at, path) in pairs {
        if free[at] && !found.contains_key(&path) {
            free[at] = false;
            found.insert(path, gone[at].change.path.clone());
        }
    }
    Ok(found)
}

/// The share of the larger content's bytes that stand in lines that both have.
fn likeness(was: &[u8], is: &[u8]) -> f64 {
    let mut lines: HashMap<&[u8], usize> = HashMap::new();
    for line in was.split_inclusive(|byte| *byte == b'\n') {
        *lines.entry(line).or_default() += 1;
    }
    let mut same = 0;
    for line in is.split_inclusive(|byte| *byte == b'\n') {
        if let Some(count) = lines.get_mut(line).filter(|count| **count > 0) {
            *count -= 1;
            same += line.len();
        }
    }
    same as f64 / was.len().max(is.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn likeness_counts_whole_lines() {
        assert_eq!(likeness(b"a\nb\n", b"a\nb\n"), 1.0);
        assert_eq!(likeness(b"a\na\n", b"a\nc\n"), 0.5);
        assert_eq!(likeness(b"abc", b"abd"), 0.0);
        assert_eq!(likeness(b"", b""), 0.0);
    }
}
